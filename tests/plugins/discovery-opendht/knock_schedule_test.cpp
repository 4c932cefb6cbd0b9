// When the bootstrap nodes are pinged.
//
// Threads: the test's; time is a number.
#include "knock_schedule.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace discovery_opendht {
namespace {

using namespace std::chrono_literals;

TEST(KnockSchedule, IsEagerForHalfAMinuteAndPatientLater)
{
    KnockSchedule schedule;
    const KnockSchedule::Clock::time_point begin(1000s);
    schedule.restart(begin);
    std::vector<std::chrono::milliseconds> pauses;
    while (schedule.next() < begin + 45s) {
        const auto now = schedule.next();
        schedule.knocked(now);
        pauses.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(schedule.next() - now));
    }
    ASSERT_GT(pauses.size(), 4U);
    EXPECT_EQ(pauses[0], 250ms);
    EXPECT_EQ(pauses[1], 500ms);
    EXPECT_EQ(pauses[2], 1s);
    EXPECT_EQ(pauses[20], 1s);
    EXPECT_EQ(pauses.back(), 5s);
    EXPECT_EQ(pauses.size(), 2U + 30U + 3U);
}

TEST(KnockSchedule, KnocksAtOnceWhenItIsRestarted)
{
    KnockSchedule schedule;
    const KnockSchedule::Clock::time_point begin(1000s);
    schedule.restart(begin);
    schedule.knocked(begin + 40s);
    EXPECT_EQ(schedule.next(), begin + 45s);
    schedule.restart(begin + 41s);
    EXPECT_EQ(schedule.next(), begin + 41s);
    schedule.knocked(begin + 41s);
    EXPECT_EQ(schedule.next(), begin + 41s + 250ms);
}

} // namespace
} // namespace discovery_opendht
