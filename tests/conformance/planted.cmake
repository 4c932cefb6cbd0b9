# Planted bugs: for each interface one small correct plugin, and for each rule one that differs from it in a single place.
# They are all linked from the same object; which bug it has says a file of one line.
set(planted_dir "${CMAKE_CURRENT_BINARY_DIR}/planted")

# planted_library(<name> <bug> <interface> <object library>)
function(planted_library name bug interface objects)
    set(needs "")
    if(objects MATCHES "_(secure|discovery)$")
        set(needs "\"jackfield.identity/1\"")
    endif()
    set(source "${planted_dir}/${name}.c")
    file(CONFIGURE OUTPUT "${source}" CONTENT "extern const char planted_bug[];\nconst char planted_bug[] = \"${bug}\";\n")
    add_library(planted-${name} MODULE "${source}" $<TARGET_OBJECTS:${objects}>)
    target_link_libraries(planted-${name} PRIVATE jackfield_build)
    jackfield_export_one_symbol(planted-${name} plugin.map "${planted_dir}")
    set_target_properties(planted-${name} PROPERTIES OUTPUT_NAME "${name}")
    file(CONFIGURE OUTPUT "${planted_dir}/${name}.plugin.json" CONTENT
        "{\"manifest\": 1, \"id\": \"reference\", \"version\": \"1.0.0\", \"interfaces\": [\"${interface}\"], \"abi\": \"1.0\", \"library\": \"${name}.so\", \"needs\": [${needs}]}\n")
    add_dependencies(conformance planted-${name})
endfunction()

# A test that passes if the kit's tests of the rule do not. More options of the kit may follow.
function(planted_test rule library file)
    set(test "${JACKFIELD_TEST_PREFIX}PlantedBug.${rule} is caught in ${library}")
    add_test(NAME "${test}" COMMAND jackfield-conformance --plugin "${file}" --rule "${rule}" --limit 12 --patience 700 ${ARGN}
        --environment "${CMAKE_CURRENT_SOURCE_DIR}/environments/reference.json")
    set_tests_properties("${test}" PROPERTIES TIMEOUT 60 ${JACKFIELD_TEST_ENVIRONMENT}
        PASS_REGULAR_EXPRESSION "(failed|crashed|timed out) +${rule} "
        FAIL_REGULAR_EXPRESSION "cannot open shared object file")
    set_property(GLOBAL APPEND PROPERTY JACKFIELD_PLANTED_RULES ${rule})
endfunction()

function(planted_objects target)
    add_library(${target} OBJECT ${ARGN})
    target_link_libraries(${target} PRIVATE jackfield_build jackfield_sdk_testing)
    target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0>)
    target_compile_definitions(${target} PRIVATE JACKFIELD_PLUGIN_ID="reference" JACKFIELD_PLUGIN_VERSION="1.0.0")
endfunction()

# What they include, compiled once; none of ours: see sdk/conformance.
planted_objects(planted_headers "${CMAKE_BINARY_DIR}/tests/headers.cpp")
target_precompile_headers(planted_headers PRIVATE <nlohmann/json.hpp> <condition_variable> <deque> <functional> <map> <memory> <mutex> <string> <thread> <vector>)

# planted_bugs(<slot> <interface> <rule>...): planted/<slot>.cpp, correct and with each bug.
function(planted_bugs slot interface)
    planted_objects(planted_${slot} planted/${slot}.cpp)
    target_precompile_headers(planted_${slot} REUSE_FROM planted_headers)
    planted_library(${slot} none ${interface} planted_${slot})
    add_test(NAME "${JACKFIELD_TEST_PREFIX}PlantedBug.none is in ${slot}"
        COMMAND jackfield-conformance --plugin "${planted_dir}/${slot}.so" --limit 12
        --environment "${CMAKE_CURRENT_SOURCE_DIR}/environments/reference.json")
    set_tests_properties("${JACKFIELD_TEST_PREFIX}PlantedBug.none is in ${slot}" PROPERTIES TIMEOUT 120
        FAIL_REGULAR_EXPRESSION "[1-9][0-9]* (failed|crashed|timed out)" ${JACKFIELD_TEST_ENVIRONMENT})
    foreach(rule IN LISTS ARGN)
        planted_library(${slot}-${rule} ${rule} ${interface} planted_${slot})
        planted_test(${rule} ${slot} "${planted_dir}/${slot}-${rule}.so")
    endforeach()
endfunction()

# What is wrong with a binary, its manifest or its create lies in tests/bad_plugins.
set(bad_dir "${CMAKE_BINARY_DIR}/tests/bad_plugins")
foreach(bad abi-major entry-short null-factory table-short null-method null-create)
    planted_test(JF-GEN-01 bad-${bad} "${bad_dir}/bad-${bad}.so")
endforeach()
foreach(bad id version interface interface-count)
    planted_test(JF-GEN-02 bad-${bad} "${bad_dir}/bad-${bad}.so")
endforeach()
planted_test(JF-GEN-03 bad-create-anything "${bad_dir}/bad-create-anything.so")
set(kinds refuses-what-its-schema-takes:11 ends-on-its-own-thread:12 create-closes-descriptors:13 create-waits-for-its-own-task:14
    create-asks-for-what-it-does-not-name:16)
if(NOT JACKFIELD_SANITIZE)
    list(APPEND kinds second-begin-crashes:15) # a sanitizer makes another end of it
endif()
foreach(kind IN LISTS kinds)
    string(REGEX MATCH "^(.*):(..)$" ignored "${kind}")
    planted_test(JF-GEN-${CMAKE_MATCH_2} ${CMAKE_MATCH_1} "${bad_dir}/kinds/${CMAKE_MATCH_1}/${CMAKE_MATCH_1}.so" --limit 2)
endforeach()
planted_test(JF-GEN-10 bad-exports-more "${bad_dir}/bad-exports-more.so")
foreach(bad create-throws create-refused create-nothing)
    planted_test(JF-GEN-04 bad-${bad} "${bad_dir}/bad-${bad}.so")
endforeach()

planted_bugs(decorator jackfield.path_decorator/1 JF-GEN-03 JF-GEN-05 JF-GEN-09
    JF-PATH-01 JF-PATH-02 JF-PATH-03 JF-PATH-04 JF-PATH-05 JF-PATH-06 JF-PATH-07 JF-PATH-08 JF-PATH-09
    JF-DEC-01 JF-DEC-02)
planted_bugs(identity jackfield.identity/1 JF-GEN-06 JF-GEN-07 JF-GEN-08
    JF-ID-01 JF-ID-02 JF-ID-03 JF-ID-04 JF-ID-05 JF-ID-06)
planted_bugs(multiplexer jackfield.multiplexer/1 JF-GEN-09 JF-MUX-01 JF-MUX-02 JF-MUX-03 JF-MUX-04 JF-MUX-05)
planted_bugs(secure jackfield.secure_channel/1 JF-SEC-01 JF-SEC-02 JF-SEC-03 JF-SEC-04 JF-SEC-05 JF-SEC-06)
planted_bugs(reliable jackfield.reliable_stream/1 JF-REL-01 JF-REL-02 JF-REL-03)
planted_bugs(connectivity jackfield.connectivity/1 JF-CONN-01 JF-CONN-02 JF-CONN-03 JF-CONN-04 JF-CONN-05 JF-CONN-06 JF-CONN-07)
planted_bugs(discovery jackfield.discovery/1 JF-DISC-01 JF-DISC-02 JF-DISC-03 JF-DISC-04 JF-DISC-05 JF-DISC-06 JF-DISC-07
    JF-DISC-08 JF-DISC-09)
planted_bugs(signaling jackfield.signaling/1 JF-SIG-01 JF-SIG-02 JF-SIG-03 JF-SIG-04 JF-SIG-05 JF-SIG-06 JF-SIG-07 JF-SIG-08 JF-SIG-09 JF-SIG-10 JF-SIG-11 JF-SIG-12)
planted_bugs(source jackfield.media_source/1 JF-SRC-01 JF-SRC-02 JF-SRC-03 JF-SRC-04)
planted_bugs(sink jackfield.media_sink/1 JF-SNK-01 JF-SNK-02 JF-SNK-03 JF-SNK-04)
planted_bugs(stage jackfield.audio_stage/1 JF-STG-01 JF-STG-02 JF-STG-03)
planted_bugs(codec jackfield.codec/1 JF-COD-01 JF-COD-02 JF-COD-03 JF-COD-04 JF-COD-05 JF-COD-06)
planted_bugs(transport jackfield.media_transport/1 JF-GEN-12 JF-GEN-15 JF-RTP-01 JF-RTP-02 JF-RTP-03 JF-RTP-04 JF-RTP-05 JF-RTP-06 JF-RTP-07
    JF-RTP-08 JF-RTP-09 JF-RTP-10)

planted_bugs(diagnosis jackfield.diagnosis/1 JF-DIA-01 JF-DIA-02 JF-DIA-03)
planted_bugs(rates jackfield.congestion_control/1 JF-CC-01 JF-CC-02 JF-CC-03 JF-CC-04 JF-CC-05)

# The contract, the list of tests and the planted bugs speak of the same rules.
get_property(planted_rules GLOBAL PROPERTY JACKFIELD_PLANTED_RULES)
list(REMOVE_DUPLICATES planted_rules)
add_test(NAME "${JACKFIELD_TEST_PREFIX}Contract.EveryRuleHasATestAndAPlantedBug"
    COMMAND Python3::Interpreter "${CMAKE_CURRENT_SOURCE_DIR}/same_rules.py" $<TARGET_FILE:jackfield-conformance>
    "${PROJECT_SOURCE_DIR}/sdk/CONTRACT.md" ${planted_rules})
