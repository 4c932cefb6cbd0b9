# jackfield_add_test(<name> SOURCES <file>... [LIBRARIES <target>...] [LABELS <label>...] [TIMEOUT <seconds>]
#                    [PLUGINS <plugin id>...])
# A GoogleTest program, one CTest entry per TEST. Labels decide in which sanitizer runs it takes part:
#   kernel, flow, media  also under ThreadSanitizer        slow  not in the quick ASan set of CI
include(GoogleTest)

function(jackfield_add_test name)
    cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;PLUGINS" ${ARGN})
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 60)
    endif()
    add_executable(${name} ${T_SOURCES})
    target_link_libraries(${name} PRIVATE jackfield_build ${T_LIBRARIES} GTest::gtest GTest::gtest_main)
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(${name} PRIVATE JACKFIELD_TEST_PLUGIN_DIR="${JACKFIELD_PLUGIN_DIR}"
        JACKFIELD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" JACKFIELD_BINARY_DIR="${CMAKE_BINARY_DIR}")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    if(T_PLUGINS)
        add_dependencies(${name} ${T_PLUGINS})
    endif()
    # CMake takes the list apart three times on its way into CTest's files; seven backslashes survive that.
    list(JOIN T_LABELS [==[\\\\\\\;]==] labels)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 DISCOVERY_MODE PRE_TEST
        PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${labels}")
endfunction()
