// Calls whose network fails them: they go on where they were, and soon (HAND_OVER.md).

#include "hand_overs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

using namespace std::chrono_literals;

class SurvivingCall : public ::testing::TestWithParam<HandOver> {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    }
};

TEST_P(SurvivingCall, GoesOnAfter)
{
    const HandOver& what = GetParam();
    const auto result = try_hand_over(what);
    EXPECT_EQ(result.problem, "");
    EXPECT_LE(result.beyond_ms, kSlowness * static_cast<double>(what.bound.count()))
        << result.before << ", then " << result.after;
    if (!what.before.empty()) {
        EXPECT_EQ(result.before, what.before);
    }
    if (!what.quic) { // a link stays on the way on which it was opened
        EXPECT_EQ(result.after, what.after.empty() ? result.before : what.after);
    }
    RecordProperty("gap_ms", static_cast<int>(result.gap_ms));
}

/// The longest outages are tried with every pair of NATs: tools/test --all.
std::vector<HandOver> tried_here()
{
    auto all = hand_overs();
#ifndef JACKFIELD_EVERY_NAT_PAIR
    std::erase_if(all, [](const HandOver& one) { return one.outage > 2s; });
#endif
    return all;
}

INSTANTIATE_TEST_SUITE_P(Network, SurvivingCall, ::testing::ValuesIn(tried_here()),
                         [](const auto& test) { return test.param.label; });

} // namespace
} // namespace laboratory
