# Before a package is closed: Debian has manuals and changelogs compressed, without the time of it.
file(GLOB_RECURSE texts "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*")
list(FILTER texts INCLUDE REGEX "/share/(man/.*\\.[1-9]|doc/.*/changelog)$")
foreach(text IN LISTS texts)
    execute_process(COMMAND gzip --best --no-name --force "${text}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
