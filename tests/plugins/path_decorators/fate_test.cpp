// What a seed makes of packets: chances that come true as often as they should, and the same every time.
#include <shared/impairment/fate.hpp>

#include <gtest/gtest.h>

namespace shared_impairment {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPackets = 20'000;

/// Of so many packets, a millisecond apart.
std::vector<Fate> fates_of(const Options& options, std::size_t packets = kPackets, std::size_t bytes = 1000,
                           bool stream = false, std::uint64_t seed = 7)
{
    FateTeller teller(options, seed, stream);
    std::vector<Fate> fates;
    for (std::size_t i = 0; i < packets; ++i)
        fates.push_back(teller.next(bytes, i * 1ms));
    return fates;
}

double share(const std::vector<Fate>& fates, std::size_t copies)
{
    const auto count = std::ranges::count_if(fates, [&](const Fate& fate) { return fate.copies == copies; });
    return static_cast<double>(count) / static_cast<double>(fates.size());
}

TEST(Fate, OfNoOptionsIsToArriveAtOnce)
{
    for (const Fate& fate : fates_of({}, 10))
        EXPECT_EQ(fate.copies, 1U);
    EXPECT_EQ(fates_of({}, 3)[2].at[0], 2ms);
}

TEST(Fate, IsTheSameForTheSameSeed)
{
    Options options;
    options.loss = 0.3;
    options.jitter = 10ms;
    const auto once = fates_of(options);
    const auto again = fates_of(options);
    const auto other = fates_of(options, kPackets, 1000, false, 8);
    std::size_t different = 0;
    for (std::size_t i = 0; i < once.size(); ++i) {
        ASSERT_EQ(once[i].copies, again[i].copies);
        ASSERT_EQ(once[i].at[0], again[i].at[0]);
        different += once[i].copies != other[i].copies ? 1U : 0U;
    }
    EXPECT_GT(different, kPackets / 4);
}

TEST(Fate, LosesTheSamePacketsWhateverElseIsAsked)
{
    Options plain;
    plain.loss = 0.1;
    Options more = plain;
    more.delay = 20ms;
    more.jitter = 5ms;
    more.rate_bps = 100'000'000;
    const auto one = fates_of(plain);
    const auto other = fates_of(more);
    for (std::size_t i = 0; i < one.size(); ++i)
        ASSERT_EQ(one[i].copies, other[i].copies) << i;
}

TEST(Fate, LosesAndDoublesAsOftenAsItIsTold)
{
    Options options;
    options.loss = 0.05;
    options.duplicate = 0.2;
    const auto fates = fates_of(options);
    EXPECT_NEAR(share(fates, 0), 0.05, 0.006);
    EXPECT_NEAR(share(fates, 2), 0.95 * 0.2, 0.01);
}

TEST(Fate, LosesInBursts)
{
    Options options;
    options.bad_begins = 0.01;
    options.bad_ends = 0.25;
    const auto fates = fates_of(options);
    EXPECT_NEAR(share(fates, 0), 0.01 / (0.01 + 0.25), 0.01);
    std::size_t bursts = 0;
    for (std::size_t i = 1; i < fates.size(); ++i)
        bursts += fates[i].copies == 0 && fates[i - 1].copies != 0 ? 1U : 0U;
    const double mean_length = share(fates, 0) * static_cast<double>(fates.size()) / static_cast<double>(bursts);
    EXPECT_NEAR(mean_length, 4, 0.5) << "a bad line turns good again after 1 / ends packets";
}

TEST(Fate, IsLaterByTheDelayAndUpToTheJitter)
{
    Options options;
    options.delay = 20ms;
    options.jitter = 10ms;
    Time least = 1h;
    Time most{};
    const auto fates = fates_of(options);
    for (std::size_t i = 0; i < fates.size(); ++i) {
        const Time late = fates[i].at[0] - i * 1ms;
        least = std::min(least, late);
        most = std::max(most, late);
    }
    EXPECT_GE(least, 20ms);
    EXPECT_LT(least, 20ms + 100us);
    EXPECT_LE(most, 30ms);
    EXPECT_GT(most, 30ms - 100us);
}

TEST(Fate, OvertakesByNotWaiting)
{
    Options options;
    options.delay = 20ms;
    options.reorder = 0.1;
    const auto fates = fates_of(options);
    const auto early =
        std::ranges::count_if(fates, [&, i = 0](const Fate& fate) mutable { return fate.at[0] == (i++) * 1ms; });
    EXPECT_NEAR(static_cast<double>(early) / kPackets, 0.1, 0.01);
}

TEST(Fate, TakesTurnsAtTheRate)
{
    Options options;
    options.rate_bps = 800'000; // 1000 bytes take 10 ms
    FateTeller teller(options, 1, false);
    EXPECT_EQ(teller.next(1000, 0ms).at[0], 10ms);
    EXPECT_EQ(teller.next(1000, 0ms).at[0], 20ms);
    EXPECT_EQ(teller.next(500, 1ms).at[0], 25ms);
    EXPECT_EQ(teller.next(1000, 100ms).at[0], 110ms) << "an idle line saves nothing up";
}

TEST(Fate, TakesTurnsAtTheRateOfItsTime)
{
    Options options;
    options.rate_bps = 800'000;
    options.rates = {{100ms, 80'000}, {500ms, 0}};
    FateTeller teller(options, 1, false);
    EXPECT_EQ(teller.next(1000, 0ms).at[0], 10ms);
    EXPECT_EQ(teller.next(1000, 99ms).at[0], 109ms);
    EXPECT_EQ(teller.next(1000, 200ms).at[0], 300ms) << "a tenth";
    EXPECT_EQ(teller.next(1000, 600ms).at[0], 600ms) << "no limit";
}

TEST(Fate, LosesWhatDoesNotFitIntoTheQueue)
{
    Options options;
    options.rate_bps = 800'000;
    options.queue_bytes = 3000;
    FateTeller teller(options, 1, false);
    std::size_t taken = 0;
    while (!teller.next(1000, 0ms).queue_full)
        ++taken;
    EXPECT_EQ(taken, 4U) << "three wait, and one is on the line";
    EXPECT_FALSE(teller.next(1000, 10ms).queue_full) << "one has left";
}

TEST(Fate, LosesEverythingDuringABlackoutAndNothingAfterIt)
{
    Options options;
    options.blackouts = {{100ms, 300ms}};
    const auto fates = fates_of(options, 500);
    for (std::size_t i = 0; i < fates.size(); ++i)
        ASSERT_EQ(fates[i].copies, i >= 100 && i < 300 ? 0U : 1U) << i;
}

TEST(Fate, OfAStreamIsNeverLostDoubledOrOutOfOrder)
{
    Options options;
    options.loss = 0.5;
    options.duplicate = 0.5;
    options.reorder = 0.5;
    options.delay = 10ms;
    options.jitter = 50ms;
    options.blackouts = {{100ms, 300ms}};
    Time last{};
    for (const Fate& fate : fates_of(options, 500, 1000, true)) {
        ASSERT_EQ(fate.copies, 1U);
        ASSERT_GE(fate.at[0], last);
        last = fate.at[0];
    }
}

} // namespace
} // namespace shared_impairment
