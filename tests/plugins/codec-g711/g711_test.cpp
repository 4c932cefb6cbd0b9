// What codec-g711 says of itself, and how it refuses.
//
// Threads: the test's. Lifetime: one plugin instance per test.
#include "tests/plugins/codec/capabilities.hpp"

namespace jackfield::codec::testing {

TEST(CodecG711Capabilities, ComeInTheOrderOfThePreferenceWithTheirStaticPayloadTypes)
{
    EXPECT_EQ(codec_names(CodecPlugin("codec-g711")), (std::vector<std::string>{"PCMU", "PCMA"}));
    const CodecPlugin plugin("codec-g711", R"({"prefer": ["PCMA"]})");
    EXPECT_EQ(codec_names(plugin), (std::vector<std::string>{"PCMA", "PCMU"}));
    const auto codecs = nlohmann::json::parse(plugin.capabilities())["codecs"];
    EXPECT_EQ(codecs[0]["static_payload_type"], 8); // RFC 3551 section 6
    EXPECT_EQ(codecs[1]["static_payload_type"], 0);
}

TEST(CodecG711Capabilities, WhatIsExcludedDoesNotOpen)
{
    const CodecPlugin plugin("codec-g711", R"({"exclude": ["PCMA"]})");
    EXPECT_EQ(codec_names(plugin), std::vector<std::string>{"PCMU"});
    const auto failure = failure_of([&] { const EncoderUnderTest encoder(plugin, R"({"name": "PCMA"})"); });
    EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    EXPECT_STREQ(failure.what(), "/name: codec-g711 has no codec \"PCMA\"; what would work: PCMU");
}

} // namespace jackfield::codec::testing
