// Whole calls over QUIC: one connection for everything, and RTP over QUIC beside SRTP in the same call.

#include "world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scenarios;

struct Heard {
    Json secured, media, streams;
    bool stream_of_datagrams = false; // a reliable_stream was made
};

Heard call_as(const std::string& sample)
{
    World world;
    for (const char* name : {"bob", "alice"})
        world.configure_as_sample(name, sample);
    const auto account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", account, {"--send", "test", "--for", "1"});
    Heard heard;
    heard.secured = alice->event("secure_channel", "done")["detail"];
    heard.media = alice->event("media_connectivity", "done")["detail"];
    heard.streams = alice->call_end()["statistics"]["streams"];
    heard.stream_of_datagrams = alice->count("reliable_stream", "start") > 0;
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    return heard;
}

TEST(Quic, OneConnectionIsSecureChannelAndMultiplexerAndCarriesTheMedia)
{
    const Heard heard = call_as("quic.json");
    EXPECT_EQ(heard.secured["protocol"], "QUIC 1 (TLS 1.3)");
    EXPECT_EQ(heard.secured["proven"], true);
    EXPECT_FALSE(heard.stream_of_datagrams);
    EXPECT_EQ(heard.media["components"], 0) << "no ICE for media";
    EXPECT_GE(heard.media["channels"], 1);
    for (const auto& stream : heard.streams)
        EXPECT_GT(stream["packets_received"], 0);
}

TEST(Quic, RtpOverQuicGoesBesideSrtpInTheSameCall)
{
    const Heard heard = call_as("quic-beside-srtp.json");
    EXPECT_GE(heard.media["channels"], 1);
    EXPECT_GE(heard.media["components"], 1);
    ASSERT_EQ(heard.streams.size(), 2U);
    EXPECT_EQ(heard.streams[0]["kind"], "audio");
    EXPECT_NE(heard.streams[0].value("suite", ""), "AEAD_AES_128_GCM");
    EXPECT_EQ(heard.streams[1]["suite"], "AEAD_AES_128_GCM");
    for (const auto& stream : heard.streams)
        EXPECT_GT(stream["packets_received"], 0);
}

} // namespace
