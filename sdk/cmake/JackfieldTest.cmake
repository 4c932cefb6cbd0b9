# jackfield_add_test(<name> SOURCES <file>... [LIBRARIES <target>...] [LABELS <label>...] [TIMEOUT <seconds>]
#                    [PLUGINS <plugin id>...])
# A GoogleTest program, one CTest entry per TEST. Labels decide in which sanitizer runs it takes part:
#   kernel, flow, media  also under ThreadSanitizer        slow  not in the quick ASan set of CI
# In a build with a sanitizer the names start with asan. or tsan., and the labels slow-sanitized and not-for-tsan tell
# tools/test what to leave out.
include(GoogleTest)
find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)

set(JACKFIELD_TEST_PREFIX "")
set(JACKFIELD_TEST_ENVIRONMENT "")
if(JACKFIELD_SANITIZE MATCHES "thread")
    set(JACKFIELD_TEST_PREFIX "tsan.")
    set(JACKFIELD_TEST_ENVIRONMENT ENVIRONMENT
        "TSAN_OPTIONS=second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/tsan.supp")
elseif(JACKFIELD_SANITIZE)
    set(JACKFIELD_TEST_PREFIX "asan.")
endif()

# Tests are compiled for those who wait for the build: with little optimization, and with what nearly all of them include
# compiled once. It is built like a test, so that its flags are a test's.
set(JACKFIELD_TEST_OPTIONS $<$<CONFIG:RelWithDebInfo>:-Og>)
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/tests/headers.cpp" CONTENT "int main()\n{}\n")
add_executable(jackfield_test_headers EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/tests/headers.cpp")
target_link_libraries(jackfield_test_headers PRIVATE jackfield_build GTest::gtest nlohmann_json::nlohmann_json)
target_compile_options(jackfield_test_headers PRIVATE ${JACKFIELD_TEST_OPTIONS})
target_precompile_headers(jackfield_test_headers PRIVATE <gtest/gtest.h> <nlohmann/json.hpp>
    <algorithm> <chrono> <filesystem> <fstream> <functional> <memory> <mutex> <optional> <string> <thread> <vector>)

function(jackfield_add_test name)
    cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;PLUGINS" ${ARGN})
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 60)
    endif()
    add_executable(${name} ${T_SOURCES})
    target_link_libraries(${name} PRIVATE jackfield_build ${T_LIBRARIES} GTest::gtest GTest::gtest_main)
    target_compile_options(${name} PRIVATE ${JACKFIELD_TEST_OPTIONS})
    target_precompile_headers(${name} REUSE_FROM jackfield_test_headers)
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(${name} PRIVATE JACKFIELD_TEST_PLUGIN_DIR="${JACKFIELD_PLUGIN_DIR}"
        JACKFIELD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" JACKFIELD_BINARY_DIR="${CMAKE_BINARY_DIR}")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    if(T_PLUGINS)
        add_dependencies(${name} ${T_PLUGINS})
    endif()
    if(NOT T_LABELS)
        set(T_LABELS unlabelled) # an empty value would vanish from the list of properties
    endif()
    if(JACKFIELD_SANITIZE AND "slow" IN_LIST T_LABELS)
        list(APPEND T_LABELS slow-sanitized)
    endif()
    if(JACKFIELD_SANITIZE MATCHES "thread" AND NOT "${T_LABELS}" MATCHES "(^|;)(kernel|flow|media)(;|$)")
        list(APPEND T_LABELS not-for-tsan)
    endif()
    # CMake takes the list apart three times on its way into CTest's files; seven backslashes survive that.
    list(JOIN T_LABELS [==[\\\\\\\;]==] labels)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 DISCOVERY_MODE PRE_TEST
        TEST_PREFIX "${JACKFIELD_TEST_PREFIX}"
        PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${labels}" ${JACKFIELD_TEST_ENVIRONMENT})
endfunction()
