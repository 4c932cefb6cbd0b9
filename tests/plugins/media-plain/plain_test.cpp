// The transport that encrypts nothing: that it says so, and that it is not taken by mistake. What it does like the
// others stands in tests/plugins/media_transport.
//
// Threads: the test's thread; time is simulated.
#include "tests/plugins/media_transport/call.hpp"

#include <gtest/gtest.h>

namespace media_transport_test {
namespace {

const Transport kPlain{"plain", "media-plain", "", 0};

TEST(MediaPlain, IsNotLoadedUnlessItIsToldThatThisIsMeant)
{
    for (const char* config : {"{}", R"({"insecure": "true"})", R"({"insecure": 1})"}) {
        try {
            Side side(config, "media-plain");
            FAIL() << "created with " << config;
        } catch (const jackfield::Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_EQ(std::string(failure.what()).rfind("/insecure: expected true", 0), 0U) << failure.what();
        }
    }
    EXPECT_NO_THROW(Side(R"({"insecure": true})", "media-plain"));
}

/// A path of the simulation that says it is encrypted below.
struct Sealed final : jackfield::PathBase {
    explicit Sealed(jf_path path) : below(path) {}
    jf_path_info describe() const noexcept override
    {
        jf_path_info info = below.describe();
        info.secured = 1;
        return info;
    }
    void open(jf_path_receiver receiver) override
    {
        jf_error error = jackfield::no_error();
        jackfield::check(below.raw().methods->open(below.raw().self, receiver, &error), error);
    }
    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override { return below.send(parts); }
    void close() noexcept override { below.close(); }

    jackfield::Path below;
};

TEST(MediaPlain, ThatIsNotInsecureTakesPathsThatAreEncryptedBelowAndNoOthers)
{
    Simulation simulation(1, "{}", kPlain);
    Side side(R"({"insecure": false})", "media-plain");
    const Json config = audio_session(simulation);
    std::vector<jf_path> paths = simulation.paths(0);
    jf_error error = jackfield::no_error();
    EXPECT_EQ(side.open(config, paths, &error), JF_UNSUPPORTED);
    EXPECT_NE(std::string(error.text).find("not encrypted"), std::string::npos) << error.text;
    std::vector<std::unique_ptr<Sealed>> sealed;
    for (auto& path : paths) {
        sealed.push_back(std::make_unique<Sealed>(path));
        path = sealed.back()->handle();
    }
    EXPECT_EQ(side.open(config, paths, &error), JF_OK) << error.text;
    side.release();
}

TEST(MediaPlain, ReadsTheOptionsOfPlayOutAndReports)
{
    try {
        Side side(R"({"insecure": true, "jitter_min_ms": 300})", "media-plain");
        FAIL() << "taken";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        EXPECT_EQ(std::string(failure.what()).rfind("/jitter_max_ms: less than", 0), 0U) << failure.what();
    }
}

TEST(MediaPlain, OffersTheProfileWithoutEncryptionAndHasNoKeys)
{
    Side side(R"({"insecure": true})", "media-plain");
    std::string text;
    jf_error error = jackfield::no_error();
    ASSERT_EQ(side.transport->capabilities(side.transport.self(), jackfield::append_to(text), &error), JF_OK);
    const Json expected = {{"profile", "RTP/AVP"},
                           {"suites", Json::array()},
                           {"feedback", {"nack", "nack pli", "ccm fir", "ack ccfb"}},
                           {"retransmission", true},
                           {"telephone_events", true}};
    EXPECT_EQ(Json::parse(text), expected);
    EXPECT_THROW(side.make_key("AEAD_AES_128_GCM"), jackfield::Failure);
}

TEST(MediaPlain, TakesNoKeysThatItWouldNotUse)
{
    Simulation simulation(1, "{}", kPlain);
    Json config = audio_session(simulation);
    config["streams"][0]["send_key"] = {{"suite", "AEAD_AES_128_GCM"}, {"key", "AAAA"}};
    jf_error error = jackfield::no_error();
    EXPECT_EQ(simulation.sides[0].open(config, simulation.paths(0), &error), JF_BAD_CONFIG);
    EXPECT_EQ(std::string(error.text).rfind("/streams/0/send_key/suite: no suite", 0), 0U) << error.text;
}

TEST(MediaPlain, PayloadsAndNamesGoAsTheyAre)
{
    Simulation simulation(1, "{}", kPlain);
    simulation.recording = true;
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(1000 * kMs, std::ref(source));
    const auto count = [&](const auto& what) {
        return std::count_if(simulation.seen.begin(), simulation.seen.end(), [&](const Transit& transit) {
            return std::search(transit.bytes.begin(), transit.bytes.end(), what.begin(), what.end()) !=
                   transit.bytes.end();
        });
    };
    EXPECT_EQ(count(Bytes(156, 0x5a)), source.count);
    EXPECT_GE(count(std::string("first-side-cname")), 1);
}

TEST(MediaPlain, ASourceThatWasNotAnnouncedIsBelievedAtItsSecondPacketInARow)
{
    Simulation simulation(1, "{}", kPlain);
    simulation.open(audio_session(simulation));
    Bytes stranger(12 + 20, 1);
    stranger[0] = 0x80;
    stranger[1] = 111;
    simulation.inject(1, 0, stranger);
    simulation.run(20 * kMs);
    EXPECT_EQ(simulation.sides[1].played[0].size(), 0U);
    EXPECT_EQ(simulation.sides[1].statistics(0)["packets_refused"], 1);
    ++stranger[3];
    simulation.inject(1, 0, stranger);
    simulation.run(20 * kMs);
    EXPECT_EQ(simulation.sides[1].played[0].size(), 1U);
}

} // namespace
} // namespace media_transport_test
