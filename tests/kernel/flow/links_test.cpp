// Links are kept between calls: one is taken again, one that died is opened anew, two ends that dial at once both get
// through.

#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

TEST(Link, IsTakenAgainByTheNextCall)
{
    Rig rig;
    rig.call()->hang_up();
    rig.settle();
    ASSERT_EQ(rig.program->ends, 1);
    rig.told.clear();
    rig.call();
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 1U) << "nobody was asked again";
    EXPECT_TRUE(rig.was_told("connectivity progress kept"));
    EXPECT_EQ(rig.program->heard_answer, 2);
    EXPECT_EQ(rig.signaling().said, (Lines{"invite", "bye normal", "invite"}));
}

TEST(Link, KeepsNothingOfTheCallThatOpenedIt)
{
    for (const bool multiplexer : {false, true}) {
        Rig rig({.multiplexer = multiplexer});
        auto call = rig.call();
        const std::weak_ptr<Call> watched = call;
        call->hang_up();
        call.reset();
        rig.settle();
        EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U) << "the link is there";
        EXPECT_TRUE(watched.expired()) << "and the call is gone; multiplexer " << multiplexer;
    }
}

TEST(Link, ThatWasOpenedByThePeerIsTakenForOurCall)
{
    Rig rig;
    rig.request();
    ASSERT_EQ(rig.stage.count("signaling bob-1"), 1U);
    rig.call();
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 0U);
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(Link, ThatBrokeIsOpenedAnew)
{
    Rig rig;
    rig.call()->hang_up();
    rig.settle();
    rig.signaling().break_off();
    rig.settle();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U) << "nothing is kept of it";
    EXPECT_EQ(rig.stage.count("control-tcp"), 0U);
    rig.call();
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 2U);
    EXPECT_EQ(rig.program->heard_answer, 2);
}

TEST(Link, ThatBreaksInTheTurnOfTheNextCallIsOpenedAnew)
{
    Rig rig;
    rig.call()->hang_up();
    rig.settle();
    rig.signaling().break_off(); // nothing has been taken down yet
    rig.call();
    EXPECT_EQ(rig.program->heard_answer, 2);
}

TEST(Link, ThatDiedWithoutAWordIsOpenedAnewInTheSameCall)
{
    Rig rig;
    rig.call()->hang_up();
    rig.settle();
    rig.stage.script.ring = Play::waits; // the kept stream leads nowhere
    rig.call();
    rig.stage.script.ring = Play::happens;
    rig.advance(3s - 1ms);
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 1U);
    rig.advance(2ms);
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 2U);
    EXPECT_EQ(rig.program->heard_answer, 2);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U) << "the dead one is gone";
}

TEST(Link, ThatBreaksUnderAKeptInvitationIsOpenedAnewInTheSameCall)
{
    Rig rig;
    rig.call()->hang_up();
    rig.settle();
    rig.stage.script.ring = Play::waits;
    rig.call();
    rig.stage.script.ring = Play::happens;
    rig.signaling().break_off();
    rig.settle();
    EXPECT_EQ(rig.program->heard_answer, 2) << rig.told.back();
}

TEST(Link, StaysOpenForACallOnItWhileTheTableForgetsIt)
{
    Rig rig;
    rig.call();
    rig.request(); // the peer has dialled anew, and gets a link of its own
    ASSERT_EQ(rig.stage.count("signaling bob-1"), 2U);
    rig.signaling("bob-1", 0).ended();
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_OK);
}

TEST(Link, OfThePeerDoesNotReplaceOneOfOurs)
{
    Rig rig;
    rig.stage.script.tls = Play::waits;
    rig.node->settings.control_policy = ControlPolicy::kTcpOnly;
    rig.call(); // both ends dial at once
    rig.request();
    rig.stage.get<SecureChannelDouble::Session>("tls bob-1", 1).secured(); // the peer's is up first, and ..
    rig.settle();
    ASSERT_EQ(rig.stage.count("signaling bob-1"), 1U);
    rig.stage.get<SecureChannelDouble::Session>("tls bob-1", 0).secured(); // .. ours, before its call comes in on it
    rig.settle();
    ASSERT_EQ(rig.stage.count("signaling bob-1"), 2U) << "the peer's call is on its way on the first";
    rig.signaling("bob-1", 0).invited();
    rig.settle();
    ASSERT_EQ(rig.incoming.size(), 1U);
    EXPECT_EQ(rig.signaling("bob-1", 0).said, Lines{"ring"});
    EXPECT_EQ(rig.program->heard_answer, 1) << "ours goes on on the second";
}

TEST(Link, OfTwoToADeviceOneStays)
{
    for (const bool ours_stays : {true, false}) {
        Rig rig;
        Device self = rig.node->self;
        self.device_id = ours_stays ? "alice-1" : "zoe-1";
        rig.node->take_identity(self);
        rig.call()->hang_up();
        rig.settle();
        const Link* ours = rig.node->links.find("bob-1").get(); // a share in it would be a use
        rig.request();
        ASSERT_EQ(rig.stage.count("signaling bob-1"), 2U);
        rig.advance(9s);
        EXPECT_EQ(rig.stage.count("signaling bob-1"), 2U) << "a call may be on its way over either";
        rig.advance(2s);
        const auto left = rig.node->links.all();
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left.front().get() == ours, ours_stays) << "both ends keep the same";
    }
}

TEST(Link, OfAPeerThatDialsAgainAndAgainIsOneLink)
{
    Rig rig;
    for (int i = 0; i < 20; ++i)
        rig.request();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
    EXPECT_EQ(rig.stage.count("control-tcp"), 1U);
}

TEST(Link, ThatNobodyUsesIsClosedAfterItsTime)
{
    Rig rig;
    rig.call()->hang_up();
    rig.settle();
    rig.advance(599s);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
    rig.advance(2s);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
    EXPECT_EQ(rig.node->flows, 0) << "nobody tends links that are not there";
    rig.call();
    EXPECT_EQ(rig.program->heard_answer, 2) << "the next call opens another";
}

TEST(Link, OfACallIsInUseHoweverLongThatIs)
{
    Rig rig;
    const auto call = rig.call();
    rig.advance(3600s);
    EXPECT_EQ(rig.program->ends, 0);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
    call->hang_up();
    rig.settle();
    rig.advance(599s);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U) << "its time begins with the end of the call";
}

TEST(Link, IsAskedForASignOfLife)
{
    Rig rig({.multiplexer = true});
    rig.call()->hang_up();
    rig.settle();
    EXPECT_EQ(rig.multiplexer().pings, 1) << "once in a call, so that its round trip is known";
    rig.advance(30s);
    EXPECT_EQ(rig.multiplexer().pings, 2);
    rig.advance(30s);
    EXPECT_EQ(rig.multiplexer().pings, 3);
}

TEST(Link, WithoutChannelsIsAskedBySignaling)
{
    Rig rig;
    rig.call()->hang_up();
    rig.settle();
    const int before = rig.signaling().pings;
    rig.advance(30s);
    EXPECT_EQ(rig.signaling().pings, before + 1);
    EXPECT_EQ(rig.signaling().patience, 10s);
    rig.stage.script.asks = false;
    rig.advance(30s);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U) << "one that cannot ask is not dead";
    rig.stage.script.asks = true;
    rig.stage.script.pong = Play::fails;
    rig.advance(30s);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
    EXPECT_TRUE(rig.was_told("connectivity progress kept link is dead"));
}

TEST(Link, ThatGivesNoSignOfLifeIsForgotten)
{
    Rig rig({.multiplexer = true});
    rig.call()->hang_up();
    rig.settle();
    rig.stage.script.pong = Play::fails;
    rig.advance(30s);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
    EXPECT_TRUE(rig.was_told("connectivity progress kept link is dead"));
    rig.stage.script.pong = Play::happens;
    rig.call();
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 2U) << "the next call does not try it first";
    EXPECT_EQ(rig.program->heard_answer, 2);
}

// --- links without a call -------------------------------------------------------------------------------------------

struct Wanted {
    explicit Wanted(Rig& rig) : errand(std::make_shared<LinkErrand>(rig.timeline, "an errand")) {}

    std::shared_ptr<LinkErrand> errand;
    std::shared_ptr<Link> link;
    std::optional<Error> failure;
};

Device bobs_device()
{
    Device device;
    device.account_id = "bob";
    device.device_id = "bob-1";
    device.chain_pem = "chain of bob-1";
    return device;
}

awaitable<void> want(Environment& node, std::shared_ptr<Wanted> wanted)
{
    try {
        wanted->link = co_await link_to(node, wanted->errand, bobs_device());
    } catch (const StepFailure& failure) {
        wanted->failure = failure.error();
    }
}

std::shared_ptr<Wanted> want_link(Rig& rig)
{
    const auto wanted = std::make_shared<Wanted>(rig);
    spawn(*rig.node, want(*rig.node, wanted));
    rig.settle();
    return wanted;
}

TEST(LinkTo, OpensOneAndFindsItAgain)
{
    Rig rig;
    const auto first = want_link(rig);
    ASSERT_NE(first->link, nullptr);
    const auto second = want_link(rig);
    EXPECT_EQ(second->link, first->link);
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 1U);
}

TEST(LinkTo, WaitsForTheOneThatIsBeingOpened)
{
    Rig rig;
    rig.node->settings.control_policy = ControlPolicy::kTcpOnly;
    rig.stage.script.tls = Play::waits;
    const auto first = want_link(rig);
    const auto second = want_link(rig);
    rig.call();
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 1U) << "one of the three asks";
    rig.tls().secured();
    rig.settle();
    ASSERT_NE(first->link, nullptr);
    EXPECT_EQ(second->link, first->link);
    EXPECT_EQ(rig.program->heard_answer, 1);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
}

TEST(LinkTo, GoesOnWithoutTheOneThatFailed)
{
    Rig rig;
    rig.node->settings.control_policy = ControlPolicy::kTcpOnly;
    rig.stage.script.tls = Play::waits;
    const auto first = want_link(rig);
    const auto second = want_link(rig);
    rig.stage.script.tls = Play::happens;
    first->errand->drop();
    rig.settle();
    ASSERT_TRUE(first->failure);
    EXPECT_EQ(first->failure->status, JF_CANCELLED);
    EXPECT_NE(second->link, nullptr) << "it opened its own";
}

TEST(LinkTo, IsNotWaitedForByWhoDoesNotWantItAnyMore)
{
    Rig rig;
    rig.node->settings.control_policy = ControlPolicy::kTcpOnly;
    rig.stage.script.tls = Play::waits;
    const auto first = want_link(rig);
    const auto second = want_link(rig);
    second->errand->drop();
    rig.settle();
    ASSERT_TRUE(second->failure);
    EXPECT_FALSE(first->failure);
    rig.tls().secured();
    rig.settle();
    EXPECT_NE(first->link, nullptr);
}

TEST(Link, TellsNobodyOfAMessageNobodyTakes)
{
    Rig rig;
    rig.request();
    const std::string_view text = "hello";
    EXPECT_EQ(rig.signaling().listener().message(0, "text/plain", jackfield::as_bytes(text)), JF_UNSUPPORTED);
}

} // namespace
