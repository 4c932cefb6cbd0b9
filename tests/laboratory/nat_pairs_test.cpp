// Calls between peers behind NATs: direct where that can be, relayed otherwise, and never none.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace laboratory {
namespace {

using Pair = std::pair<const char*, const char*>;

class NatPair : public ::testing::TestWithParam<Pair> {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    }
};

TEST_P(NatPair, CallsTheBestWayThereIs)
{
    const Side& caller = side(GetParam().first);
    const Side& callee = side(GetParam().second);
    PairLaboratory laboratory;
    const auto result = laboratory.call(caller, callee);
    EXPECT_EQ(name_of(result.media), name_of(best_way(caller, callee)));
    EXPECT_EQ(result.problem, "") << "see " << laboratory.world().folder();
}

std::string name_of_test(const ::testing::TestParamInfo<Pair>& test)
{
    std::string name = std::string(test.param.first) + "_calls_" + test.param.second;
    std::ranges::replace_if(name, [](char letter) { return std::isalnum(letter) == 0; }, '_');
    return name;
}

#ifdef JACKFIELD_EVERY_NAT_PAIR
std::vector<Pair> every_pair()
{
    std::vector<Pair> pairs;
    for (const auto& caller : sides()) {
        for (const auto& callee : sides())
            pairs.emplace_back(caller.name.c_str(), callee.name.c_str());
    }
    return pairs;
}

INSTANTIATE_TEST_SUITE_P(Every, NatPair, ::testing::ValuesIn(every_pair()), name_of_test);
#else
INSTANTIATE_TEST_SUITE_P(Some, NatPair,
                         ::testing::Values(Pair{"address-restricted", "symmetric"},
                                           Pair{"port-restricted", "port-restricted"}, Pair{"symmetric", "symmetric"},
                                           Pair{"home and carrier", "full cone"},
                                           Pair{"UDP blocked", "port-restricted"}, Pair{"web only", "open"},
                                           Pair{"IPv6 only", "port-restricted"}),
                         name_of_test);
#endif

TEST(NatTable, HasEveryPair)
{
    std::ifstream file(JACKFIELD_SOURCE_DIR "/tests/laboratory/NAT_PAIRS.md");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (const auto& caller : sides()) {
        for (const auto& callee : sides()) {
            const std::string row = "| " + caller.name + " | " + callee.name + " | " +
                                    std::string(name_of(best_way(caller, callee))) + " |";
            EXPECT_NE(text.find(row), std::string::npos)
                << row << "\nis not in NAT_PAIRS.md; build/release/bench/nat_pairs writes it anew";
        }
    }
}

// As somebody at a keyboard would use it; the program makes a world of its own in this one.
TEST(LaboratoryByHand, RunsProgramsAndChangesTheNetworkWhileTheyRun)
{
    if (!why_no_world().empty())
        GTEST_SKIP() << why_no_world();
    if (!RelayServer::installed())
        GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    const std::string program = JACKFIELD_BINARY_DIR "/bench/laboratory";
    if (!std::filesystem::exists(program))
        GTEST_SKIP() << "benchmarks are not built";
    jackfield::program::Child shell(
        "/bin/sh",
        {"-c", "printf '%s\\n' 'run alice echo here; exit 3' 'probe alice' 'cut alice' "
               "'probe alice' 'mend alice' 'link alice {\"loss\": 2}' 'frobnicate alice' | " +
                   program + " symmetric open"},
        "/dev/null");
    std::vector<std::string> lines;
    while (const auto line = shell.line())
        lines.push_back(*line);
    EXPECT_EQ(shell.wait(), 0);
    ASSERT_EQ(lines.size(), 9U) << ::testing::PrintToString(lines);
    EXPECT_EQ(lines[3], "here");
    EXPECT_EQ(lines[4], "ended with 3");
    EXPECT_EQ(lines[5], expected_report(symmetric()));
    EXPECT_EQ(lines[6], "no UDP gets through");
    EXPECT_EQ(lines[7], "/loss: must be a probability, from 0 to 1");
    EXPECT_EQ(lines[8], "\"frobnicate\" is no command; help lists them");
}

TEST(BestWay, IsDirectWhereOnePortIsKnownAndTheOtherIsLetIn)
{
    const auto best = [](const char* one, const char* other) { return name_of(best_way(side(one), side(other))); };
    EXPECT_EQ(best("port-restricted", "port-restricted"), "direct");
    EXPECT_EQ(best("symmetric", "open"), "direct");
    EXPECT_EQ(best("symmetric", "full cone"), "direct");
    EXPECT_EQ(best("symmetric", "address-restricted"), "direct");
    EXPECT_EQ(best("symmetric", "port-restricted"), "relayed");
    EXPECT_EQ(best("symmetric", "symmetric"), "relayed");
    EXPECT_EQ(best("symmetric", "home and carrier"), "relayed");
    EXPECT_EQ(best("UDP blocked", "open"), "direct"); // by TCP
    EXPECT_EQ(best("UDP blocked", "UDP blocked"), "direct");
    EXPECT_EQ(best("UDP blocked", "symmetric"), "relayed");
    EXPECT_EQ(best("open", "web only"), "relayed");
    EXPECT_EQ(best("IPv6 only", "port-restricted"), "direct");
    EXPECT_EQ(best("IPv6 only", "symmetric"), "direct"); // a NAT64 lets in whom was spoken to, from any port
    EXPECT_EQ(best("IPv6 only", "IPv6 only"), "direct");
    EXPECT_EQ(best("IPv6 only", "UDP blocked"), "relayed");
    EXPECT_EQ(best("IPv6 only", "web only"), "relayed");
}

} // namespace
} // namespace laboratory
