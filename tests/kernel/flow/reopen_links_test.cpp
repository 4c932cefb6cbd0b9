// Kept links when the addresses of the machine change.

#include "kernel/flow/reopen_links.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

/// Two nodes have talked, and the link between them is kept.
struct KeptRig : Rig {
    explicit KeptRig(const RigOptions& options = {.multiplexer = true}) : Rig(options)
    {
        call()->hang_up();
        settle();
        told.clear();
    }

    void change(const std::set<std::string>& gone)
    {
        network_changed(*node, gone);
        settle();
    }

    std::size_t asked() { return discovery().count("bob-1", JF_CALL_REQUEST); }
};

TEST(NetworkChange, OpensALinkAnewWhoseAddressHasGone)
{
    KeptRig rig;
    rig.change({"192.0.2.1"});
    EXPECT_TRUE(rig.was_told("connectivity progress kept link is dead"));
    EXPECT_TRUE(rig.was_told("connectivity progress kept link reopened"));
    EXPECT_EQ(rig.asked(), 2U);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
    rig.call();
    EXPECT_EQ(rig.asked(), 2U) << "the next call finds it open";
    EXPECT_EQ(rig.program->heard_answer, 2);
}

TEST(NetworkChange, KnowsTheAddressBehindOneThatOthersSee)
{
    Rig rig({.multiplexer = true});
    rig.stage.script.local = "S1 1 UDP 1694498815 203.0.113.7 4000 typ srflx raddr 192.0.2.9 rport 1000";
    rig.call()->hang_up();
    rig.settle();
    network_changed(*rig.node, {"192.0.2.9"});
    rig.settle();
    EXPECT_TRUE(rig.was_told("connectivity progress kept link reopened"));
}

TEST(NetworkChange, LeavesALinkThatStillAnswers)
{
    KeptRig rig;
    const int before = rig.multiplexer().pings; // the call had it measured
    rig.change({"192.0.2.77"});
    EXPECT_EQ(rig.multiplexer().pings, before + 1) << "it is asked at once";
    EXPECT_EQ(rig.asked(), 1U);
    EXPECT_TRUE(rig.told.empty()) << rig.told.back();
}

TEST(NetworkChange, OpensALinkAnewThatAnswersNoLonger)
{
    KeptRig rig;
    rig.stage.script.pong = Play::fails;
    rig.change({});
    EXPECT_TRUE(rig.was_told("connectivity progress kept link reopened"));
    EXPECT_EQ(rig.asked(), 2U);
}

TEST(NetworkChange, AsksTheSignalingOfALinkWithoutChannels)
{
    KeptRig rig(RigOptions{});
    const int before = rig.signaling().pings;
    rig.change({"192.0.2.77"});
    EXPECT_EQ(rig.signaling().pings, before + 1) << "it is asked at once";
    EXPECT_EQ(rig.signaling().patience, 2s);
    EXPECT_EQ(rig.asked(), 1U);
    EXPECT_TRUE(rig.told.empty()) << rig.told.back();
    rig.stage.script.pong = Play::fails;
    rig.change({});
    EXPECT_TRUE(rig.was_told("connectivity progress kept link reopened"));
    EXPECT_EQ(rig.asked(), 2U);
}

TEST(NetworkChange, LeavesALinkThatCannotBeAsked)
{
    KeptRig rig(RigOptions{});
    rig.stage.script.asks = false;
    const int before = rig.signaling().pings;
    rig.change({});
    EXPECT_EQ(rig.signaling().pings, before + 1);
    EXPECT_EQ(rig.asked(), 1U);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
}

TEST(NetworkChange, LeavesLinksOfAServiceToTheService)
{
    Rig rig({.multiplexer = true});
    rig.stage.script.carry = Play::happens;
    rig.call()->hang_up();
    rig.settle();
    network_changed(*rig.node, {"192.0.2.1"});
    rig.settle();
    EXPECT_EQ(rig.signaling().pings, 0);
    EXPECT_EQ(rig.stage.count("carrier bob-1"), 1U);
}

TEST(NetworkChange, TriesAgainUntilThePeerIsReached)
{
    KeptRig rig;
    rig.stage.script.tcp = rig.stage.script.udp = Play::fails;
    rig.change({"192.0.2.1"});
    EXPECT_EQ(rig.asked(), 2U);
    rig.advance(499ms);
    EXPECT_EQ(rig.asked(), 2U);
    rig.advance(2ms);
    EXPECT_EQ(rig.asked(), 3U);
    rig.stage.script.tcp = rig.stage.script.udp = Play::happens;
    rig.advance(999ms);
    EXPECT_EQ(rig.asked(), 3U) << "the pauses grow";
    rig.advance(2ms);
    EXPECT_EQ(rig.asked(), 4U);
    EXPECT_TRUE(rig.was_told("connectivity progress kept link reopened"));
    EXPECT_TRUE(rig.node->reopening.empty());
}

TEST(NetworkChange, GivesUpOnAPeerThatIsNotReached)
{
    KeptRig rig;
    rig.stage.script.tcp = rig.stage.script.udp = Play::fails;
    rig.change({"192.0.2.1"});
    for (int i = 0; i < 20; ++i)
        rig.advance(11s);
    EXPECT_TRUE(rig.was_told("connectivity progress kept link not reopened"));
    EXPECT_TRUE(rig.node->reopening.empty());
    EXPECT_LE(rig.asked(), 18U);
    EXPECT_EQ(rig.node->flows, 0);
}

TEST(NetworkChange, TakesTheLinkThatThePeerHasOpenedMeanwhile)
{
    KeptRig rig;
    rig.stage.script.tcp = rig.stage.script.udp = Play::fails;
    rig.change({"192.0.2.1"});
    rig.stage.script.tcp = rig.stage.script.udp = Play::happens;
    rig.request();
    rig.advance(500ms);
    EXPECT_TRUE(rig.was_told("connectivity progress kept link reopened"));
    EXPECT_EQ(rig.asked(), 2U);
}

TEST(NetworkChange, BeginsAnewWhenItChangesAgain)
{
    KeptRig rig;
    rig.stage.script.tcp = rig.stage.script.udp = Play::waits; // towards an address that is not ours any more
    rig.change({"192.0.2.1"});
    rig.stage.script.tcp = rig.stage.script.udp = Play::happens;
    EXPECT_EQ(rig.asked(), 2U);
    rig.change({"192.0.2.1"});
    EXPECT_EQ(rig.asked(), 3U);
    EXPECT_TRUE(rig.was_told("connectivity progress kept link reopened"));
    EXPECT_TRUE(rig.node->reopening.empty());
}

TEST(NetworkChange, GoesOnWithItsTryWhenTheSameLinkIsFoundDeadAgain)
{
    KeptRig rig;
    rig.stage.script.tcp = rig.stage.script.udp = Play::waits;
    rig.stage.script.pong = Play::fails;
    const auto link = rig.node->links.find("bob-1");
    for (int times = 0; times < 2; ++times) // a call that has heard nothing, and who looks after links
        ask_for_life(*rig.node, link, 1s);
    rig.settle();
    EXPECT_EQ(rig.asked(), 2U);
    EXPECT_EQ(std::ranges::count(rig.told, "connectivity progress kept link is dead"), 1);
    EXPECT_EQ(rig.node->reopening.size(), 1U);
    rig.close();
}

TEST(NetworkChange, TakesACallAlong)
{
    Rig rig({.multiplexer = true});
    rig.call();
    network_changed(*rig.node, {"192.0.2.1"});
    rig.settle();
    EXPECT_EQ(rig.program->ends, 0);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U) << "the new one";
    EXPECT_EQ(rig.signaling().said.front(), "take_over");
}

TEST(NetworkChange, HoldsUpNoNodeThatStops)
{
    KeptRig rig;
    rig.stage.script.tcp = rig.stage.script.udp = Play::waits;
    rig.change({"192.0.2.1"});
    EXPECT_EQ(rig.node->reopening.size(), 1U);
    rig.close(); // looks whether all flows end
}

} // namespace
