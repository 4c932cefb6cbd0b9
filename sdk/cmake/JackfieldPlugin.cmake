# jackfield_add_plugin(<id>
#     SOURCES <file>...                 C or C++ sources
#     INTERFACES <interface id>...      what the library implements, for example jackfield.codec/1
#     VERSION <major.minor.patch>
#     SUMMARY <one line>
#     [SCHEMA <file>]                   JSON schema of the configuration; without it only {} is allowed
#     [LICENSE <SPDX expression>]       of the library it brings
#     [STATUS stable|experimental]      default experimental
#     [UNTRUSTED_INPUT]                 it parses bytes that a stranger sent
#     [SEALS_BY_ITSELF]                 a discovery with end-to-end protection of its own
#     [CARRIES_LINKS]                   a discovery that carries its links itself (carrier.h), and takes no call messages
#     [PROVES_NOBODY]                   a secure channel that does not find out who the peer is
#     [DATAGRAMS_ONLY]                  a secure channel that cannot stand on a stream
#     [MULTIPLEXES]                     a secure channel that is a multiplexer as well
#     [DATAGRAM_CHANNELS]               a multiplexer that has channels of datagrams, too
#     [NEEDS <service id>...]           services it asks the host for
#     [LIBRARIES <target>...]           what it links
# )
# Makes <id>.so, its manifest <id>.plugin.json and its schema side by side in <build>/plugins, and installs them where a program of the
# same prefix looks for plugins. Here and, with find_package(Jackfield), everywhere else.
include(GNUInstallDirs)
set(JACKFIELD_SDK_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")
set(JACKFIELD_PLUGIN_DIR "${CMAKE_BINARY_DIR}/plugins")

function(jackfield_json_list out)
    set(text "")
    foreach(item IN LISTS ARGN)
        string(APPEND text "\"${item}\", ")
    endforeach()
    string(REGEX REPLACE ", $" "" text "${text}")
    set(${out} "[${text}]" PARENT_SCOPE)
endfunction()

# One symbol out, by the linker's version script of that name; nothing undefined; <target>.so in the folder.
function(jackfield_export_one_symbol target map folder)
    target_link_options(${target} PRIVATE
        "-Wl,--version-script=${JACKFIELD_SDK_CMAKE_DIR}/${map}" -Wl,--exclude-libs,ALL -Wl,--no-undefined-version)
    if(NOT JACKFIELD_SANITIZE)
        target_link_options(${target} PRIVATE -Wl,-z,defs)
    endif()
    set_target_properties(${target} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY "${folder}"
        LINK_DEPENDS "${JACKFIELD_SDK_CMAKE_DIR}/${map}")
endfunction()

function(jackfield_add_plugin id)
    cmake_parse_arguments(P "UNTRUSTED_INPUT;SEALS_BY_ITSELF;CARRIES_LINKS;PROVES_NOBODY;DATAGRAMS_ONLY;MULTIPLEXES;DATAGRAM_CHANNELS"
        "VERSION;SUMMARY;SCHEMA;LICENSE;STATUS;OUTPUT_DIRECTORY"
        "SOURCES;INTERFACES;NEEDS;LIBRARIES" ${ARGN})
    foreach(required SOURCES INTERFACES VERSION SUMMARY)
        if(NOT P_${required})
            message(FATAL_ERROR "jackfield_add_plugin(${id}): ${required} is missing")
        endif()
    endforeach()
    if(NOT P_STATUS)
        set(P_STATUS experimental)
    endif()
    if(NOT P_OUTPUT_DIRECTORY)
        set(P_OUTPUT_DIRECTORY "${JACKFIELD_PLUGIN_DIR}")
    endif()

    add_library(${id} MODULE ${P_SOURCES})
    target_link_libraries(${id} PRIVATE ${JACKFIELD_OWN_BUILD} Jackfield::sdk ${P_LIBRARIES})
    set_target_properties(${id} PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_compile_definitions(${id} PRIVATE JACKFIELD_PLUGIN_ID="${id}" JACKFIELD_PLUGIN_VERSION="${P_VERSION}")
    jackfield_export_one_symbol(${id} plugin.map "${P_OUTPUT_DIRECTORY}")

    set(schema_line "")
    if(P_SCHEMA)
        configure_file("${P_SCHEMA}" "${P_OUTPUT_DIRECTORY}/${id}.schema.json" COPYONLY)
        set(schema_line "\n  \"config_schema\": \"${id}.schema.json\",")
    endif()
    jackfield_json_list(interfaces ${P_INTERFACES})
    jackfield_json_list(needs ${P_NEEDS})
    foreach(trait UNTRUSTED_INPUT SEALS_BY_ITSELF CARRIES_LINKS PROVES_NOBODY DATAGRAMS_ONLY MULTIPLEXES DATAGRAM_CHANNELS)
        set(${trait} false)
        if(P_${trait})
            set(${trait} true)
        endif()
    endforeach()
    file(CONFIGURE OUTPUT "${P_OUTPUT_DIRECTORY}/${id}.plugin.json" @ONLY CONTENT [[
{
  "manifest": 1,
  "id": "@id@",
  "version": "@P_VERSION@",
  "interfaces": @interfaces@,
  "abi": "1.0",
  "library": "@id@.so",
  "summary": "@P_SUMMARY@",@schema_line@
  "license": "@P_LICENSE@",
  "status": "@P_STATUS@",
  "needs": @needs@,
  "seals_by_itself": @SEALS_BY_ITSELF@,
  "carries_links": @CARRIES_LINKS@,
  "untrusted_input": @UNTRUSTED_INPUT@,
  "proves_nobody": @PROVES_NOBODY@,
  "datagrams_only": @DATAGRAMS_ONLY@,
  "multiplexes": @MULTIPLEXES@,
  "datagram_channels": @DATAGRAM_CHANNELS@
}
]])
    if(P_OUTPUT_DIRECTORY STREQUAL JACKFIELD_PLUGIN_DIR)
        set_property(GLOBAL APPEND PROPERTY JACKFIELD_PLUGINS ${id})
        set(files "${P_OUTPUT_DIRECTORY}/${id}.plugin.json")
        if(P_SCHEMA)
            list(APPEND files "${P_OUTPUT_DIRECTORY}/${id}.schema.json")
        endif()
        install(TARGETS ${id} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/jackfield/plugins" COMPONENT plugins)
        install(FILES ${files} DESTINATION "${CMAKE_INSTALL_LIBDIR}/jackfield/plugins" COMPONENT plugins)
    endif()
endfunction()

# jackfield_add_plugin_part(<plugin id> <name> SOURCES <file>... [LIBRARIES <target>...])
# Makes parts/<plugin id>-<name>.so beside the plugin, which opens it when it needs it (<jackfield/late_part.hpp>).
function(jackfield_add_plugin_part plugin name)
    cmake_parse_arguments(P "" "" "SOURCES;LIBRARIES" ${ARGN})
    set(part "${plugin}-${name}")
    get_target_property(folder ${plugin} LIBRARY_OUTPUT_DIRECTORY)
    get_target_property(definitions ${plugin} COMPILE_DEFINITIONS)
    add_library(${part} MODULE ${P_SOURCES})
    target_link_libraries(${part} PRIVATE ${JACKFIELD_OWN_BUILD} Jackfield::sdk ${P_LIBRARIES})
    set_target_properties(${part} PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    target_compile_definitions(${part} PRIVATE ${definitions})
    jackfield_export_one_symbol(${part} part.map "${folder}/parts")
    add_dependencies(${plugin} ${part})
    if(folder STREQUAL JACKFIELD_PLUGIN_DIR)
        install(TARGETS ${part} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/jackfield/plugins/parts" COMPONENT plugins)
    endif()
endfunction()

# jackfield_test_plugin(<plugin id> [ENVIRONMENT <file>])
# A test <plugin id>.contract: the plugin keeps the contract, as the conformance kit sees it. The file says what it needs around it.
function(jackfield_test_plugin id)
    cmake_parse_arguments(P "" "ENVIRONMENT" "" ${ARGN})
    set(environment "")
    if(P_ENVIRONMENT)
        get_filename_component(file "${P_ENVIRONMENT}" ABSOLUTE)
        set(environment --environment "${file}")
    endif()
    add_test(NAME ${id}.contract COMMAND Jackfield::conformance --plugin "$<TARGET_FILE:${id}>" ${environment})
endfunction()
