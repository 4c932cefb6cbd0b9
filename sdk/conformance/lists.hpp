// One function for each part of the list.
#pragma once

#include "kit.hpp"

namespace jackfield::conformance {

using TestList = std::vector<Test>;

/// The manifest beside a library; an empty object if there is none.
nlohmann::json manifest_beside(const std::string& library);

void add_general_tests(TestList& list);
void add_binary_tests(TestList& list);
void add_identity_tests(TestList& list);
void add_discovery_tests(TestList& list);
void add_connectivity_tests(TestList& list);
void add_decorator_tests(TestList& list);
void add_secure_channel_tests(TestList& list);
void add_reliable_stream_tests(TestList& list);
void add_multiplexer_tests(TestList& list);
void add_signaling_tests(TestList& list);
void add_transport_tests(TestList& list);
void add_rate_tests(TestList& list);
void add_codec_tests(TestList& list);
void add_source_tests(TestList& list);
void add_sink_tests(TestList& list);
void add_audio_stage_tests(TestList& list);
void add_diagnosis_tests(TestList& list);

} // namespace jackfield::conformance
