// Media descriptions: to JSON and back, and what a peer may not send.

#include "kernel/media/description.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

MediaDescription sample()
{
    MediaDescription description;
    description.ice = "abcd\n0123456789012345678901\nH1 1 UDP 2130706431 192.0.2.1 4000 typ host\n";
    description.ice_complete = false;
    description.bundle = true;
    MediaLine line;
    line.kind = MediaKind::video;
    line.direction = {false, true};
    line.mid = "1";
    line.profile = "RTP/SAVP";
    line.rtp_component = 3;
    line.rtcp_component = 4;
    line.rtcp_mux = true;
    line.ssrc = 4294967295U;
    line.cname = "x";
    line.codecs = {{96, "VP8", 90000, 1, "", {"nack pli"}}};
    line.keys = {{1, "AEAD_AES_128_GCM", "AAAA"}};
    line.address = "192.0.2.1";
    line.port = 0;
    line.rtcp_address = "192.0.2.2";
    line.rtcp_port = 65535;
    line.fingerprint = "sha-256 AA:BB";
    line.setup = "actpass";
    description.lines.push_back(line);
    return description;
}

/// What is wrong with it, as the error says.
std::string refusal(std::string_view json)
{
    try {
        parse_media_description(json);
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_INPUT);
        return failure.what();
    }
    return "accepted";
}

TEST(MediaDescription, SurvivesTheWayThroughJson)
{
    const auto again = parse_media_description(to_json(sample()));
    EXPECT_EQ(to_json(again), to_json(sample()));
    EXPECT_EQ(again.ice, sample().ice);
    EXPECT_FALSE(again.ice_complete);
    EXPECT_FALSE(again.lines[0].direction.send);
    EXPECT_EQ(again.lines[0].ssrc, 4294967295U);
    EXPECT_EQ(again.lines[0].address, "192.0.2.1");
    EXPECT_EQ(again.lines[0].port, 0);
    EXPECT_EQ(again.lines[0].rtcp_address, "192.0.2.2");
    EXPECT_EQ(again.lines[0].rtcp_port, 65535);
    EXPECT_EQ(again.lines[0].fingerprint, "sha-256 AA:BB");
    EXPECT_EQ(again.lines[0].setup, "actpass");
}

TEST(MediaDescription, RefusesPortsAndHandshakesThatCannotBe)
{
    EXPECT_EQ(refusal(R"({"media": [{"kind": "audio", "codecs": [], "port": 65536}]})"),
              "media description: /media/0/port: expected a number from 0 to 65535");
    EXPECT_EQ(refusal(R"({"media": [{"kind": "audio", "codecs": [], "setup": "holdconn"}]})"),
              "media description: /media/0/setup: expected actpass, active or passive");
}

TEST(MediaDescription, RefusesWhatIsNotAnObject)
{
    EXPECT_EQ(refusal("[]"), "media description: : not a JSON object");
    EXPECT_EQ(refusal("{"), "media description: : not a JSON object");
}

TEST(MediaDescription, RefusesMoreThanEightLines)
{
    std::string lines;
    for (int i = 0; i < 9; ++i)
        lines += std::string(i > 0 ? "," : "") + R"({"kind":"audio","codecs":[]})";
    EXPECT_EQ(refusal(R"({"media":[)" + lines + "]}"), "media description: /media: expected a list of at most 8");
}

TEST(MediaDescription, SaysWhereAValueIsWrong)
{
    EXPECT_EQ(refusal(R"({"media":[{"kind":"smell","codecs":[]}]})"),
              "media description: /media/0/kind: expected audio or video");
    EXPECT_EQ(refusal(R"({"media":[{"kind":"audio","codecs":[{"payload_type":-1,"name":"x","clock_rate_hz":1}]}]})"),
              "media description: /media/0/codecs/0/payload_type: expected a number from 0 to 4294967295");
    EXPECT_EQ(refusal(R"({"media":[{"kind":"audio","codecs":[{"payload_type":128,"name":"x","clock_rate_hz":1}]}]})"),
              "media description: /media/0/codecs/0: payload_type, name and clock_rate_hz are needed");
    EXPECT_EQ(refusal(R"({"media":[{"kind":"audio","keys":[3],"codecs":[]}]})"),
              "media description: /media/0/keys/0: expected an object");
}

TEST(MediaDescription, RefusesTextsWithoutEnd)
{
    EXPECT_EQ(refusal(std::string(70'000, ' ')), "media description: : larger than 64 KiB");
    EXPECT_EQ(refusal(R"({"media":[{"kind":"audio","cname":")" + std::string(2000, 'x') + R"("}]})"),
              "media description: /media/0/cname: expected a text of at most 1024 bytes");
}

} // namespace
