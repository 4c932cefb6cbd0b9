// What can be seen of a call on the wire.
//
// Threads: the test's thread; time is simulated.
#include "tests/plugins/media_transport/call.hpp"

#include <gtest/gtest.h>

namespace media_transport_test {
namespace {

class MediaSrtpSuites : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Suites, MediaSrtpSuites, ::testing::Values("AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"),
                         [](const auto& suite) { return suite.param; });

TEST_P(MediaSrtpSuites, ShowsNeitherPayloadNorNameOnTheWire)
{
    Simulation simulation(1);
    simulation.recording = true;
    simulation.open(audio_session(simulation, GetParam()));
    AudioSource source(simulation.sides[0]);
    simulation.run(1000 * kMs, std::ref(source));
    const std::string name = "first-side-cname";
    const Bytes payload(32, 0x5a);
    std::size_t reports = 0;
    for (const Transit& transit : simulation.seen) {
        reports += is_rtcp(transit.bytes) ? 1 : 0;
        EXPECT_EQ(std::search(transit.bytes.begin(), transit.bytes.end(), name.begin(), name.end()),
                  transit.bytes.end());
        EXPECT_EQ(std::search(transit.bytes.begin(), transit.bytes.end(), payload.begin(), payload.end()),
                  transit.bytes.end());
    }
    EXPECT_GE(reports, 2U);
}

TEST(MediaSrtp, SendsRtcpInClearOnlyIfTheConfigurationAllowsIt)
{
    Simulation simulation(1, R"({"clear_rtcp": true})");
    simulation.recording = true;
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(1000 * kMs, std::ref(source));
    const std::string name = "first-side-cname";
    EXPECT_TRUE(std::any_of(simulation.seen.begin(), simulation.seen.end(), [&](const Transit& transit) {
        return is_rtcp(transit.bytes) &&
               std::search(transit.bytes.begin(), transit.bytes.end(), name.begin(), name.end()) != transit.bytes.end();
    }));
    EXPECT_TRUE(simulation.sides[0].statistics(0).contains("round_trip_ms"));
    EXPECT_EQ(simulation.sides[1].statistics(0)["packets_refused"], 0);
}

} // namespace
} // namespace media_transport_test
