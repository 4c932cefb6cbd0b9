// What the plugin says of itself, and of configurations that are wrong.
//
// Threads: the test's thread.
#include "tests/plugins/media_transport/call.hpp"

#include <gtest/gtest.h>

namespace media_transport_test {
namespace {

TEST(MediaSrtpConfig, NeedsKeysUnlessTheConfigurationSaysOtherwise)
{
    Simulation simulation(1);
    jf_error error = jackfield::no_error();
    EXPECT_EQ(simulation.sides[0].open(audio_session(simulation, ""), simulation.paths(0), &error), JF_BAD_CONFIG);
    EXPECT_EQ(std::string(error.text).rfind("/streams/0/send_key: required", 0), 0U) << error.text;
}

TEST(MediaSrtpConfig, SaysWhatIsWrongWithASessionsConfiguration)
{
    Simulation simulation(2);
    simulation.ends[0][1]->kind = JF_STREAM;
    const Json good = call_session(simulation);
    const auto expect = [&](const Json& config, const std::string& words) {
        jf_error error = jackfield::no_error();
        EXPECT_EQ(simulation.sides[0].open(config, simulation.paths(0), &error), JF_BAD_CONFIG);
        EXPECT_NE(std::string(error.text).find(words), std::string::npos) << error.text << "\nwanted: " << words;
    };
    const auto with = [&](const std::string& pointer, const Json& value) {
        Json config = good;
        config[Json::json_pointer(pointer)] = value;
        return config;
    };
    expect(with("/streams", Json::array()), "/streams: expected a list of 1 to 8");
    expect(with("/streams/0/kind", "text"), "/streams/0/kind: expected audio or video");
    expect(with("/streams/1/payload_type", 128), "/streams/1/payload_type: expected a whole number from 0 to 127");
    expect(with("/streams/1/clock_rate_hz", 0), "/streams/1/clock_rate_hz: expected at least 1");
    expect(with("/streams/0/ssrc", -1), "/streams/0/ssrc");
    expect(with("/streams/1/ssrc", kAudioSsrc), "/streams/1/ssrc: stream 0 has the same");
    expect(with("/streams/0/rtp_path", 2), "/streams/0/rtp_path: expected a whole number from 0 to 1");
    expect(with("/streams/0/direction", "up"), "/streams/0/direction");
    expect(with("/streams/0/send_key/suite", "NULL"), "/streams/0/send_key/suite: no suite \"NULL\"; available: AEAD");
    expect(with("/streams/0/receive_key/key", "AAAA"), "/streams/0/receive_key/key: expected base64 of 28 bytes");
    expect(with("/streams/0/receive_key/key", "no base64"), "/streams/0/receive_key/key");
    expect(with("/streams/0/receive_payload_types", {200}), "/streams/0/receive_payload_types");
    expect(with("/streams/0/feedback", "nack"), "/streams/0/feedback");
    expect(with("/streams/0/bitrate", 5), "/streams/0/bitrate");
    expect(with("/streams/0/bitrate", {{"min_bps", 9}, {"max_bps", 8}, {"start_bps", 8}}),
           "/streams/0/bitrate/min_bps");
    expect(with("/streams/0/bitrate", {{"min_bps", 1}, {"max_bps", 8}}), "/streams/0/bitrate/start_bps");
    expect(with("/streams/0/repair", "rtx"), "/streams/0/repair");
    expect(with("/streams/0/repair", {{"payload_type", 97}}), "/streams/0/repair/ssrc");
    expect(with("/streams/0/repair", {{"payload_type", 128}, {"ssrc", 9}}), "/streams/0/repair/payload_type");
    expect(good, "path 1 is a stream of bytes");
}

TEST(MediaSrtpConfig, SaysWhatIsWrongWithThePluginsConfiguration)
{
    const auto expect = [](const std::string& config, const std::string& words) {
        try {
            Side side(config);
            FAIL() << config << " was taken";
        } catch (const jackfield::Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_EQ(std::string(failure.what()).rfind(words, 0), 0U) << failure.what();
        }
    };
    expect(R"({"suites": []})", "/suites: expected a list of at least one of AEAD_AES_128_GCM");
    expect(R"({"suites": ["F8_128_HMAC_SHA1_80"]})", "/suites/0: no suite \"F8_128_HMAC_SHA1_80\"; available: ");
    expect(R"({"suites": ["AEAD_AES_128_GCM", "AEAD_AES_128_GCM"]})",
           "/suites/1: \"AEAD_AES_128_GCM\" is listed twice");
    expect(R"({"jitter_min_ms": 2.5})", "/jitter_min_ms: expected a whole number from 0 to 1000");
    expect(R"({"jitter_min_ms": 300})", "/jitter_max_ms: less than jitter_min_ms, which is 300");
    expect(R"({"rtcp_interval_ms": 1})", "/rtcp_interval_ms");
    expect(R"({"clear_rtcp": 1})", "/clear_rtcp: expected true or false");
}

TEST(MediaSrtpConfig, OffersOnlyTheSuitesItWasGivenAndMakesFreshKeysForThem)
{
    Side side(R"({"suites": ["AES_CM_128_HMAC_SHA1_80"]})");
    std::string text;
    jf_error error = jackfield::no_error();
    ASSERT_EQ(side.transport->capabilities(side.transport.self(), jackfield::append_to(text), &error), JF_OK);
    EXPECT_EQ(Json::parse(text), Json({{"profile", "RTP/SAVP"},
                                       {"suites", {"AES_CM_128_HMAC_SHA1_80"}},
                                       {"feedback", {"nack", "nack pli", "ccm fir", "ack ccfb"}},
                                       {"retransmission", true},
                                       {"telephone_events", true}}));
    const std::string key = side.make_key("AES_CM_128_HMAC_SHA1_80");
    EXPECT_EQ(key.size(), 40U); // RFC 4568 section 6.1: 30 bytes
    EXPECT_NE(key, side.make_key("AES_CM_128_HMAC_SHA1_80"));
    EXPECT_THROW(side.make_key("AEAD_AES_128_GCM"), jackfield::Failure);
}

} // namespace
} // namespace media_transport_test
