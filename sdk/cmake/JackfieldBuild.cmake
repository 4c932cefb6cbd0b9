# Compiler settings of everything built here: warnings are errors, sanitizers by option, ccache when present.
include(GNUInstallDirs)
# What is installed comes in three parts: the program, its plugins, and what their authors need (sdk/CMakeLists.txt).
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME program)

set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

# Function names and lines are what a backtrace needs; the rest of -g takes a third of the time to compile.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
if(JACKFIELD_SANITIZE) # -O1 would take half as long again to compile, once the checks are in
    set(CMAKE_C_FLAGS_DEBUG "-Og -g1")
    set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
endif()

find_program(JACKFIELD_CCACHE ccache)
if(JACKFIELD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # ccache takes precompiled headers (JackfieldTest.cmake) only if it is told that macros and times in them may be.
    set(launcher "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${JACKFIELD_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
endif()

add_library(jackfield_flags INTERFACE)
target_compile_options(jackfield_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
    -fstack-protector-strong)
target_compile_definitions(jackfield_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
if(CMAKE_UNITY_BUILD)
    # Several sources in one unit cost a third of the time: most of it goes into what they include. GCC then takes the unit
    # for a header and warns of what only matters in one.
    target_compile_options(jackfield_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()
if(NOT JACKFIELD_SANITIZE)
    target_compile_definitions(jackfield_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
else()
    target_compile_options(jackfield_flags INTERFACE -fsanitize=${JACKFIELD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(jackfield_flags INTERFACE -fsanitize=${JACKFIELD_SANITIZE})
    # GCC 12 sees ghosts in its own library once it is instrumented; the release build answers for these warnings.
    target_compile_options(jackfield_flags INTERFACE
        $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-maybe-uninitialized -Wno-stringop-overflow>)
    if(JACKFIELD_SANITIZE MATCHES "thread")
        # GCC says atomic_thread_fence is not modelled by TSan; Asio uses one in its scheduler.
        target_compile_options(jackfield_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
    endif()
endif()

option(JACKFIELD_LIBFUZZER "Build for libFuzzer (clang): the fuzzers of tests/fuzz explore by themselves" OFF)
if(JACKFIELD_LIBFUZZER)
    target_compile_options(jackfield_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(jackfield_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# With a sanitizer and without the slow tests a build has no programs for people: what its tests need, and nothing else.
option(JACKFIELD_SLOW_TESTS "Build the tests that take seconds, too: whole calls between processes" ON)
set(JACKFIELD_QUICK_SANITIZER OFF)
set(JACKFIELD_ON_DEMAND "")
if(JACKFIELD_SANITIZE AND NOT JACKFIELD_SLOW_TESTS)
    set(JACKFIELD_QUICK_SANITIZER ON)
    set(JACKFIELD_ON_DEMAND EXCLUDE_FROM_ALL)
endif()

# JSON is parsed and written by most of what is built here: compiled once (once/nlohmann/json.hpp), and of it every library and
# program takes the functions that it calls.
find_package(nlohmann_json REQUIRED)
add_library(jackfield_json_once STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/once/json.cpp")
target_link_libraries(jackfield_json_once PRIVATE jackfield_flags nlohmann_json::nlohmann_json)
target_include_directories(jackfield_json_once BEFORE INTERFACE "${CMAKE_CURRENT_LIST_DIR}/once")
target_include_directories(jackfield_json_once BEFORE PRIVATE "${CMAKE_CURRENT_LIST_DIR}/once")
target_compile_options(jackfield_json_once PRIVATE -ffunction-sections -fdata-sections -g0)

add_library(jackfield_build INTERFACE)
target_link_libraries(jackfield_build INTERFACE jackfield_flags jackfield_json_once)
target_link_options(jackfield_build INTERFACE -Wl,--gc-sections)
set(JACKFIELD_OWN_BUILD jackfield_build) # what a plugin is built with here and not elsewhere
