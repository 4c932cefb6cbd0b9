// The clock that paced sources share, and how a frame waits for it.
//
// Threads: the test's, and one that waits.

#include <jackfield/source_clock.hpp>
#include <jackfield/testing/fake_host.hpp>

#include <gtest/gtest.h>

namespace jackfield {

namespace {

constexpr std::int64_t kMs = 1'000'000;

} // namespace

TEST(SourceClock, TwoTracksThatWereHeldUpTogetherGiveWayOnce)
{
    SourceClock clock;
    clock.begin(1000 * kMs);
    clock.begin(5000 * kMs);
    EXPECT_EQ(clock.due_ns(20 * kMs), 1020 * kMs);
    EXPECT_EQ(clock.give_way(20 * kMs, 1100 * kMs, SourcePace::kMostBehindNs), 0);
    EXPECT_EQ(clock.give_way(20 * kMs, 2020 * kMs, SourcePace::kMostBehindNs), 1000 * kMs);
    EXPECT_EQ(clock.give_way(40 * kMs, 2025 * kMs, SourcePace::kMostBehindNs), 0);
    EXPECT_EQ(clock.due_ns(40 * kMs), 2040 * kMs);
}

TEST(SourcePace, StopEndsTheWaitForAFrameThatIsNotDueForHours)
{
    const testing::FakeHost host(testing::Clock::manual);
    const auto clock = std::make_shared<SourceClock>();
    clock->begin(host.now_ns());
    SourcePace pace(host.host(), clock, false, true);
    bool due = true;
    std::thread track([&] { due = pace.wait(3'600'000 * kMs); });
    pace.stop();
    track.join();
    EXPECT_FALSE(due);
    EXPECT_FALSE(pace.wait(0)) << "and stays stopped";
}

TEST(SourcePace, WithoutRealTimeNothingWaitsAndNothingIsLeftOut)
{
    testing::FakeHost host(testing::Clock::manual);
    const auto clock = std::make_shared<SourceClock>();
    clock->begin(host.now_ns());
    SourcePace pace(host.host(), clock, true, false);
    EXPECT_TRUE(pace.wait(3'600'000 * kMs));
    pace.delivered(0);
    host.advance(std::chrono::milliseconds(400));
    EXPECT_TRUE(pace.wanted(40 * kMs));
    SourcePace paced(host.host(), clock, true, true);
    paced.delivered(0);
    EXPECT_FALSE(paced.wanted(40 * kMs));
}

} // namespace jackfield
