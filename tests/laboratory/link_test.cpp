// Cables: what changes while they carry. What becomes of a packet by chance is tested where path-impair is.

#include "link.hpp"

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

#include <string>

namespace laboratory {
namespace {

using namespace std::chrono_literals;

std::string losses(Link& link, int packets, Time from = 0ms)
{
    std::string pattern;
    for (int number = 0; number < packets; ++number)
        pattern += link.carry(100, from + number * 1ms).copies == 0 ? '-' : '+';
    return pattern;
}

TEST(Cable, CarriesAtOnceWhatNothingWasSaidAbout)
{
    Link link(1);
    const Fate fate = link.carry(1500, 5ms);
    EXPECT_EQ(fate.copies, 1U);
    EXPECT_EQ(fate.at[0], Time(5ms));
}

TEST(Cable, DelaysFromWhenItWasChanged)
{
    Link link(1);
    link.change(R"({"delay_ms": 20})", 1s);
    EXPECT_EQ(link.carry(100, 2s).at[0], Time(2020ms));
    link.change("{}", 3s);
    EXPECT_EQ(link.carry(100, 4s).at[0], Time(4s)) << "what is not written is as in the beginning";
}

TEST(Cable, LosesByItsSeed)
{
    const auto pattern = [](std::uint64_t seed, const std::string& json) {
        Link link(seed);
        link.change(json, 0ms);
        return losses(link, 64);
    };
    EXPECT_EQ(pattern(1, R"({"loss": 0.5})"), pattern(1, R"({"loss": 0.5})"));
    EXPECT_NE(pattern(1, R"({"loss": 0.5})"), pattern(2, R"({"loss": 0.5})"));
    EXPECT_EQ(pattern(1, R"({"loss": 0.5, "seed": 9})"), pattern(2, R"({"loss": 0.5, "seed": 9})"));
}

TEST(Cable, LosesWithoutAWordWhatIsLongerThanItsMtu)
{
    Link link(1);
    link.change(R"({"mtu": 1280})", 0ms);
    EXPECT_EQ(link.carry(1280, 1ms).copies, 1U);
    EXPECT_EQ(link.carry(1281, 2ms).copies, 0U);
    EXPECT_EQ(link.counts().too_long, 1U);
}

TEST(Cable, IsCutAndWholeAgain)
{
    Link link(1);
    link.cut(true);
    EXPECT_EQ(link.carry(100, 1ms).copies, 0U);
    link.cut(false);
    EXPECT_EQ(link.carry(100, 2ms).copies, 1U);
    EXPECT_EQ(link.counts().lost, 1U);
    EXPECT_EQ(link.counts().packets, 2U);
}

TEST(Cable, IsDarkForATimeFromTheChange)
{
    Link link(1);
    link.change(R"({"blackouts": [{"at_ms": 10, "for_ms": 5}]})", 100ms);
    EXPECT_EQ(losses(link, 20, 100ms), "++++++++++-----+++++");
}

TEST(Cable, RefusesWhatIsNoCable)
{
    Link link(1);
    EXPECT_THROW(link.change(R"({"mtu": 67})", 0ms), jackfield::ConfigError);
    EXPECT_THROW(link.change(R"({"loss": 2})", 0ms), jackfield::ConfigError);
    EXPECT_THROW(link.change("[]", 0ms), jackfield::ConfigError);
}

} // namespace
} // namespace laboratory
