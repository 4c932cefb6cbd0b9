// Calls whose network fails them: they go on where they were, and soon (HAND_OVER.md).

#include "hand_overs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

using namespace std::chrono_literals;

class CallOnTwoWays : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    }
};

class SurvivingCall : public CallOnTwoWays, public ::testing::WithParamInterface<HandOver> {};

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

// Sound goes over the link's QUIC connection, pictures over ICE, as in samples/configs/quic-beside-srtp.json. With the
// address both ways are lost, and each is found again in a way of its own.
TEST_F(CallOnTwoWays, GoesOnUponBothWhenItsLinkIsLost)
{
    PairLaboratory laboratory;
    const Side& home = side("port-restricted");
    RunningCall call(laboratory, home, home, {.pictures = true, .quic = true, .beside = true});
    ASSERT_TRUE(call.both_see(20s)) << laboratory.world().folder();
    EXPECT_TRUE(call.way().contains("channel")) << call.way();
    EXPECT_TRUE(call.way("video").contains("remote")) << call.way("video");
    call.mark();
    laboratory.network().renumber(*call.alice().routers.front());
    EXPECT_TRUE(call.both_hear(30s)) << laboratory.world().folder();
    EXPECT_LE(call.gap_ms(), kSlowness * 3000);
    for (auto* const peer : {&call.alice_process(), &call.bob_process()})
        EXPECT_FALSE(peer->event("media", "progress", "reconnected", 30s).is_null()) << laboratory.world().folder();
    call.mark();
    EXPECT_TRUE(call.both_see(10s)) << laboratory.world().folder();
    EXPECT_TRUE(call.way().contains("channel")) << call.way();
    EXPECT_TRUE(call.way("video").contains("remote")) << call.way("video");
    EXPECT_EQ(call.hang_up(), std::make_pair(0, 0));
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
