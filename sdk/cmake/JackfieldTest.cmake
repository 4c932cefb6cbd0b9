# jackfield_add_test(<name> SOURCES <file>... [LIBRARIES <target>...] [LABELS <label>...] [TIMEOUT <seconds>]
#                    [PLUGINS <plugin id>...] [DEFINITIONS <macro>...] [SEPARATE] [REAL_TIME] [NOT_QUICK])
# A GoogleTest program, one CTest entry per TEST; one for the whole program in a quick build with a sanitizer, where beginning a
# process takes longer than most tests. Labels decide in which builds it takes part:
#   slow                 not with JACKFIELD_SLOW_TESTS=OFF, as the quick ASan build of CI is configured
#   kernel, flow, media, threads  the only ones in a build for ThreadSanitizer
# NOT_QUICK: not in a quick build with a sanitizer, either. That one is for what only a sanitizer sees, where it matters most and soon: what
# reads the bytes of strangers (parsers, handshakes, servers, fuzzers), what crosses the boundary (every plugin, also the bad ones), and what
# owns memory across threads (kernel, flows, SDK). Left to the release build and to the whole build with a sanitizer (tools/test --asan) is
# what adds nothing to that but time: programs that are run as a person runs them, our own laboratory, screens and sound
# cards, simulations of rates and echoes, and what counts allocations, which AddressSanitizer makes itself; and in the programs that
# stay, the repetitions with RSA: to make such keys takes seconds, in libraries that no sanitizer watches.
# SEPARATE: its sources use one name for different things, so they are no unit together (CMAKE_UNITY_BUILD).
# REAL_TIME: a server of sound plays to it, which has gaps where other programs keep the machine: hardly any test runs beside it.
# In a build with a sanitizer the names of the tests start with asan. or tsan.
include(GoogleTest)
find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)

set(JACKFIELD_TEST_PREFIX "")
set(JACKFIELD_TEST_ENVIRONMENT "")
if(JACKFIELD_SANITIZE MATCHES "thread")
    set(JACKFIELD_TEST_PREFIX "tsan.")
    set(JACKFIELD_TEST_ENVIRONMENT ENVIRONMENT
        "TSAN_OPTIONS=second_deadlock_stack=1:intercept_tls_get_addr=0:suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/tsan.supp"
        # NSS (under libsrtp2) unloads parts of itself when it has started; the plugin that is mapped there next would inherit
        # what TSan remembers of them.
        ENVIRONMENT_MODIFICATION "NSS_DISABLE_UNLOAD=set:1")
elseif(JACKFIELD_SANITIZE)
    set(JACKFIELD_TEST_PREFIX "asan.")
    # Otherwise the runtime of GCC 12 guesses where thread-local storage of libraries opened late begins; where it guesses
    # wrong (GnuTLS brings such a library), the search for leaks crashes at the end of a test that passed.
    set(JACKFIELD_TEST_ENVIRONMENT ENVIRONMENT "ASAN_OPTIONS=intercept_tls_get_addr=0" ENVIRONMENT_MODIFICATION
        "LSAN_OPTIONS=set:suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/lsan.supp:print_suppressions=0")
endif()

# There are 150 programs of tests, and the linker that comes with the compiler takes a second for each of the large ones. What is installed
# is linked by that one all the same: it is strict where mold 1.10 only warns, for example if a plugin does not export its symbol.
find_program(JACKFIELD_MOLD mold)
function(jackfield_link_as_test target)
    if(JACKFIELD_MOLD)
        target_link_options(${target} PRIVATE -fuse-ld=mold)
    endif()
endfunction()

# Tests are compiled for those who wait for the build: with little or no optimization, and with what nearly all of them
# include compiled once. Those headers are built like a test, so that their flags are a test's; and programs like libraries.
function(jackfield_compile_as_test target)
    target_compile_options(${target} PRIVATE $<IF:$<CONFIG:RelWithDebInfo>,-Og,-O0> -fPIC)
    if(JACKFIELD_SANITIZE MATCHES "undefined") # a third of the time, for what ends a test anyway
        target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment,object-size)
    endif()
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
    if(NOT target STREQUAL jackfield_test_headers)
        target_precompile_headers(${target} REUSE_FROM jackfield_test_headers)
    endif()
endfunction()

file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/tests/headers.cpp" CONTENT "int main()\n{}\n")
add_executable(jackfield_test_headers EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/tests/headers.cpp")
target_link_libraries(jackfield_test_headers PRIVATE jackfield_build GTest::gtest nlohmann_json::nlohmann_json)
jackfield_compile_as_test(jackfield_test_headers)
target_precompile_headers(jackfield_test_headers PRIVATE <gtest/gtest.h> <nlohmann/json.hpp>
    <algorithm> <chrono> <filesystem> <fstream> <functional> <memory> <mutex> <optional> <string> <thread> <vector>)

# jackfield_plugins_there(<list> <names> <plugin id>...): those whose folder has not been deleted, as a list and parted by
# commas.
function(jackfield_plugins_there list names)
    set(there "")
    foreach(id IN LISTS ARGN)
        if(TARGET ${id})
            list(APPEND there ${id})
        endif()
    endforeach()
    set(${list} "${there}" PARENT_SCOPE)
    list(JOIN there "," there)
    set(${names} "${there}" PARENT_SCOPE)
endfunction()

function(jackfield_add_test name)
    cmake_parse_arguments(T "SEPARATE;REAL_TIME;NOT_QUICK" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;PLUGINS;DEFINITIONS" ${ARGN})
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 60)
    endif()
    if((NOT JACKFIELD_SLOW_TESTS AND "slow" IN_LIST T_LABELS) OR (JACKFIELD_QUICK_SANITIZER AND T_NOT_QUICK))
        return()
    endif()
    if(JACKFIELD_SANITIZE MATCHES "thread" AND NOT "${T_LABELS}" MATCHES "(^|;)(kernel|flow|media|threads)(;|$)")
        return()
    endif()
    add_executable(${name} ${T_SOURCES})
    target_link_libraries(${name} PRIVATE jackfield_build ${T_LIBRARIES} GTest::gtest GTest::gtest_main)
    jackfield_compile_as_test(${name})
    jackfield_link_as_test(${name})
    if(T_SEPARATE)
        set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
    endif()
    target_compile_definitions(${name} PRIVATE JACKFIELD_TEST_PLUGIN_DIR="${JACKFIELD_PLUGIN_DIR}"
        JACKFIELD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" JACKFIELD_BINARY_DIR="${CMAKE_BINARY_DIR}" ${T_DEFINITIONS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    foreach(plugin IN LISTS T_PLUGINS)
        if(TARGET ${plugin}) # its folder may have been deleted; the test will say what it misses
            add_dependencies(${name} ${plugin})
        endif()
    endforeach()
    if(NOT T_LABELS)
        set(T_LABELS unlabelled) # an empty value would vanish from the list of properties
    endif()
    set(processors 1)
    if("slow" IN_LIST T_LABELS) # two processes, with sound and pictures
        set(processors 2)
    endif()
    if(T_REAL_TIME)
        set(processors 5)
    endif()
    if(JACKFIELD_QUICK_SANITIZER)
        add_test(NAME ${JACKFIELD_TEST_PREFIX}${name} COMMAND ${name} "--gtest_filter=-*_rsa*:*WithRsa.*:*/Rsa")
        math(EXPR timeout "5 * ${T_TIMEOUT}")
        # The cost: it takes up to a minute and begins before the short ones, so that nobody waits for it alone in the end.
        set_tests_properties(${JACKFIELD_TEST_PREFIX}${name} PROPERTIES TIMEOUT ${timeout} PROCESSORS ${processors} COST 60
            SKIP_RETURN_CODE 77 LABELS "${T_LABELS}" ${JACKFIELD_TEST_ENVIRONMENT})
        return()
    endif()
    # CMake takes the list apart three times on its way into CTest's files; seven backslashes survive that.
    list(JOIN T_LABELS [==[\\\\\\\;]==] labels)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 DISCOVERY_MODE PRE_TEST
        TEST_PREFIX "${JACKFIELD_TEST_PREFIX}"
        PROPERTIES TIMEOUT ${T_TIMEOUT} PROCESSORS ${processors} SKIP_RETURN_CODE 77 LABELS "${labels}" ${JACKFIELD_TEST_ENVIRONMENT})
endfunction()
