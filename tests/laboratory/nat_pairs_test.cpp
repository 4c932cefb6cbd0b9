// Calls between peers behind NATs: direct where that can be, relayed otherwise, and never none.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

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

INSTANTIATE_TEST_SUITE_P(Some, NatPair,
                         ::testing::Values(Pair{"open", "symmetric"}, Pair{"address-restricted", "symmetric"},
                                           Pair{"port-restricted", "port-restricted"}, Pair{"symmetric", "symmetric"},
                                           Pair{"home and carrier", "full cone"}, Pair{"UDP blocked", "open"}),
                         [](const auto& test) {
                             std::string name = std::string(test.param.first) + "_calls_" + test.param.second;
                             std::ranges::replace_if(name, [](char letter) { return std::isalnum(letter) == 0; }, '_');
                             return name;
                         });

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
    EXPECT_EQ(best("UDP blocked", "open"), "relayed");
    EXPECT_EQ(best("open", "web only"), "relayed");
}

} // namespace
} // namespace laboratory
