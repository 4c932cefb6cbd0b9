// Two real processes on a bad line: what congestion control and repair make of it, seen in what is told every second.

#include "world.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace {

using namespace scenarios;

/// The seconds of pictures that a peer has told so far, in their order, with one more each time it is asked.
class Seconds {
public:
    explicit Seconds(Process& peer) : peer_(peer) {}

    /// The first second from now on for which that holds; null if there is none within so many of them.
    Json until(int most, const std::function<bool(const Json& second)>& wanted)
    {
        for (int i = 0; i < most; ++i) {
            const Json second = next();
            if (second.is_null() || wanted(second))
                return second;
        }
        return nullptr;
    }

    Json next()
    {
        std::size_t seen = 0; // find looks at each event once, from the first
        const Json event = peer_.find([&](const Json& one) {
            const bool tells = one.contains("detail") && one["detail"].value("what", "") == "statistics" &&
                               one["detail"].value("kind", "") == "video";
            return tells && ++seen > taken_;
        });
        if (event.is_null())
            return event;
        ++taken_;
        const Json& detail = event["detail"];
        std::printf(
            "%zu s: target %.0f sent %.0f kb/s, queued %.0f ms, remote loss %.2f; received %.1f pictures/s, lost "
            "%d, repaired %d\n",
            taken_, detail.value("target_bps", 0) / 1000.0, detail.value("sent_bps", 0.0) / 1000,
            detail.value("queued_ms", 0.0), detail.value("remote_loss", 0.0),
            detail.value("received_frames_per_s", 0.0), detail.value("packets_lost", 0),
            detail.value("packets_repaired", 0));
        return detail;
    }

private:
    Process& peer_;
    std::size_t taken_ = 0;
};

Json impaired(const Json& how)
{
    return {{"codec", {{{"use", "codec-opus"}}, {{"use", "codec-vpx"}}}},
            {"path_decorator", {{{"use", "path-impair"}, {"at", {"media"}}, {"config", how}}}},
            {"congestion_control", {{"use", "cc-gcc"}}}};
}

TEST(BadLine, TheRateFallsBelowANarrowLineAndRisesWhenItIsWideAgain)
{
    World world;
    PeerOptions plain;
    plain.slots = {{"codec", {{{"use", "codec-opus"}}, {{"use", "codec-vpx"}}}}};
    world.configure("bob", plain);
    PeerOptions narrow;
    narrow.slots =
        impaired({{"delay_ms", 20},
                  {"queue_bytes", 60'000},
                  {"rate_bps", 5'000'000},
                  {"rates", {{{"at_ms", 3000}, {"rate_bps", 300'000}}, {{"at_ms", 8000}, {"rate_bps", 5'000'000}}}}});
    world.configure("alice", narrow);
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test"});
    Seconds seconds(*alice);
    const auto target = [](const Json& second) { return second.value("target_bps", 0); };
    const Json wide = seconds.until(8, [&](const Json& second) { return target(second) > 500'000; });
    ASSERT_FALSE(wide.is_null()) << "it began with half of what the encoder can do";
    const Json low = seconds.until(10, [&](const Json& second) { return target(second) < 280'000; });
    ASSERT_FALSE(low.is_null()) << "a line of 300 kb/s, with sound on it";
    const Json high = seconds.until(30, [&](const Json& second) { return target(second) > 300'000; });
    ASSERT_FALSE(high.is_null()) << "the line is wide again";
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST(BadLine, PicturesThatAreLostOnTheWayComeAgainAndNothingFreezes)
{
    World world;
    PeerOptions plain;
    plain.slots = {{"codec", {{{"use", "codec-opus"}}, {{"use", "codec-vpx"}}}}};
    world.configure("bob", plain);
    PeerOptions lossy;
    lossy.slots = impaired({{"delay_ms", 10}, {"loss", 0.05}, {"seed", 7}});
    world.configure("alice", lossy);
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test"});
    Seconds seconds(*bob);
    seconds.next();
    int came = 0;
    int lost = 0;
    int repaired = 0;
    int frozen = 0; // seconds in which a third of the pictures or more did not show
    for (int i = 0; i < 7; ++i) {
        const Json second = seconds.next();
        ASSERT_FALSE(second.is_null());
        came += second.value("packets_received", 0);
        lost += second.value("packets_lost", 0);
        repaired += second.value("packets_repaired", 0);
        frozen += second.value("received_frames_per_s", 0.0) < 20 ? 1 : 0;
    }
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_GT(repaired, 0);
    if (came < 7 * 60 || lost > came / 8)
        GTEST_SKIP() << "this machine is too busy to send thirty pictures a second: " << came << " came, " << lost
                     << " were lost";
    EXPECT_GE(repaired, lost * 8 / 10) << "one in twenty is lost, of " << came;
    EXPECT_LE(frozen, 1) << "without repair a picture stands still until the next key frame";
}

} // namespace
