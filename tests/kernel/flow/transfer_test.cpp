// One end of a running call wants the other to call somebody else: whatever becomes of that, and in whatever order.

#include "kernel/flow/node_flows.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

const std::string kAlice(64, 'a');
const std::string kBob(64, 'b');
const std::string kCarol(64, 'c');

/// A program that notes what it hears of transfers, and decides nothing by itself.
struct Desk : Program {
    void referred(Call& call, const std::shared_ptr<Referral>& referral) override
    {
        if (refuses)
            return Program::referred(call, referral);
        referrals.push_back(referral);
    }
    void transfer_progressed(Call&, const TransferProgress& progress) override
    {
        heard.push_back(std::to_string(progress.code) +
                        (progress.over ? progress.succeeded ? " done" : " failed" : "") +
                        (progress.text.empty() ? "" : ": " + progress.text));
    }

    bool refuses = false;
    std::vector<std::shared_ptr<Referral>> referrals;
    Lines heard;
};

class Transfer : public ::testing::Test {
protected:
    Transfer()
    {
        Device self = rig.node->self;
        self.account_id = kAlice;
        rig.node->take_identity(self);
        rig.program = desk;
        old = rig.call(kBob);
    }

    SignalingDouble::Session& bob() { return rig.signaling("bob-1"); }
    SignalingDouble::Session& carol() { return rig.signaling("carol-1"); }
    bool said(const std::string& word) { return std::ranges::find(bob().said, word) != bob().said.end(); }

    void transfer(const std::string& account = kCarol)
    {
        old->transfer({account, nullptr});
        rig.settle();
    }
    void progress(std::uint32_t code, const std::string& text = {})
    {
        bob().refer_progressed(code, text);
        rig.settle();
    }
    void be_referred(const std::string& target = kCarol)
    {
        bob().referred(target);
        rig.settle();
    }
    /// As Node::follow does it; the new call has a program of its own.
    std::shared_ptr<Call> follow(const std::shared_ptr<Referral>& referral)
    {
        const auto call = std::make_shared<Call>(rig.timeline, Side::caller, referral->target,
                                                 MediaPlan{"tone", "tape", true, false}, newcomer);
        start_following(*rig.node, call, referral);
        rig.settle();
        return call;
    }
    std::shared_ptr<Call> follow_carol()
    {
        rig.stage.script.devices = {"carol-1"};
        be_referred();
        return follow(desk->referrals.at(0));
    }

    Rig rig;
    std::shared_ptr<Desk> desk = std::make_shared<Desk>();
    std::shared_ptr<Program> newcomer = std::make_shared<Program>();
    std::shared_ptr<Call> old;
};

// --- who asks --------------------------------------------------------------------------------------------------------

TEST_F(Transfer, HangsUpWhenTheOthersTalk)
{
    transfer();
    EXPECT_EQ(bob().said, (Lines{"invite", "refer " + kCarol, "update"})) << "taken, and so the peer is on hold";
    progress(100);
    progress(180, "it rings");
    EXPECT_FALSE(old->hung_up());
    progress(200);
    EXPECT_EQ(desk->heard, (Lines{"100", "180: it rings", "200 done"}));
    EXPECT_EQ(desk->ends, 1);
    EXPECT_EQ(desk->end.error.status, JF_OK);
    EXPECT_EQ(desk->end.error.text, "transferred");
    EXPECT_FALSE(desk->end.by_peer);
    EXPECT_EQ(bob().said.back(), "bye normal");
    EXPECT_TRUE(rig.was_told("signaling progress transfer_asked"));
    EXPECT_TRUE(rig.was_told("signaling progress transfer_ended"));
}

TEST_F(Transfer, GoesOnIfNothingComesOfIt)
{
    transfer();
    progress(486, "busy");
    EXPECT_EQ(desk->heard, (Lines{"486 failed: busy"}));
    EXPECT_EQ(desk->ends, 0);
    bob().listener().update_answered(bob().call, ""); // the hold, which has lost its sense
    rig.settle();
    EXPECT_TRUE(old->changes.empty()) << "the end of the hold was looked at";
    transfer();
    EXPECT_EQ(std::ranges::count(bob().said, "refer " + kCarol), 2) << "it can be tried again";
    progress(200);
    EXPECT_EQ(desk->ends, 1);
}

TEST_F(Transfer, TakesThePeerFromHoldAgainIfItWasPutThereForIt)
{
    transfer();
    ASSERT_TRUE(said("update"));
    progress(404);
    ASSERT_EQ(old->changes.size(), 1U) << "behind the offer that is open";
    EXPECT_EQ(old->changes.front().hold, false);
}

TEST_F(Transfer, ThatThePeerDoesNotConsiderChangesNothing)
{
    rig.stage.script.refer = Play::fails;
    transfer();
    EXPECT_EQ(desk->heard, (Lines{"0 failed: " + kScripted}));
    EXPECT_FALSE(said("update"));
    EXPECT_EQ(desk->ends, 0);
    rig.stage.script.refer = Play::happens;
    transfer();
    progress(200);
    EXPECT_EQ(desk->heard.back(), "200 done");
}

TEST_F(Transfer, DoesNotWaitForEverForThePeersYes)
{
    rig.stage.script.refer = Play::waits;
    transfer();
    rig.advance(39s);
    EXPECT_TRUE(desk->heard.empty());
    rig.advance(2s);
    EXPECT_EQ(desk->heard, (Lines{"0 failed: the peer has not said in time what became of it"}));
    EXPECT_EQ(desk->ends, 0);
}

TEST_F(Transfer, DoesNotWaitForEverForTheLastWord)
{
    transfer();
    progress(180);
    for (int i = 0; i < 179; ++i)
        rig.advance(1s);
    EXPECT_EQ(desk->heard, (Lines{"180"}));
    rig.advance(2s);
    EXPECT_EQ(desk->heard.back(), "0 failed: the peer has not said in time what became of it");
    EXPECT_EQ(desk->ends, 0);
    progress(200); // too late: somebody may be talking here again
    EXPECT_EQ(desk->ends, 0);
    EXPECT_EQ(desk->heard.size(), 2U);
}

TEST_F(Transfer, OfAPeerThatSaysNoMoreHasFailed)
{
    transfer();
    progress(0, "the peer says no more about it");
    EXPECT_EQ(desk->heard, (Lines{"0 failed: the peer says no more about it"}));
    EXPECT_EQ(desk->ends, 0);
}

TEST_F(Transfer, EndsWithAPeerThatHangsUp)
{
    transfer();
    bob().ended();
    rig.settle();
    EXPECT_EQ(desk->ends, 1);
    EXPECT_TRUE(desk->end.by_peer);
    EXPECT_EQ(desk->end.error.text, "");
}

TEST_F(Transfer, IsOneAtATime)
{
    transfer();
    transfer(std::string(64, 'd'));
    EXPECT_EQ(desk->heard, (Lines{"0 failed: an earlier transfer has not ended yet"}));
    progress(200);
    EXPECT_EQ(desk->heard.back(), "200 done") << "the earlier one goes on";
}

TEST_F(Transfer, GoesToSomebodyWhoIsNotInTheCall)
{
    for (const auto& nobody : {kAlice, kBob, std::string("carol"), std::string()})
        transfer(nobody);
    EXPECT_EQ(desk->heard.size(), 4U);
    EXPECT_EQ(bob().said, (Lines{"invite"}));
    EXPECT_EQ(desk->ends, 0);
}

// --- to somebody whom we have in another call ------------------------------------------------------------------------

/// Bob is on hold, and we talk to carol.
class Attended : public Transfer {
protected:
    Attended()
    {
        rig.stage.script.devices = {"carol-1"};
        other = std::make_shared<Call>(rig.timeline, Side::caller, kCarol, MediaPlan{"tone", "tape", true, false},
                                       newcomer);
        start_call(*rig.node, other);
        rig.settle();
    }

    void connect()
    {
        old->transfer({other->peer_account, other});
        rig.settle();
    }

    std::shared_ptr<Call> other;
};

TEST_F(Attended, NamesTheCallThatIsToBeReplacedAndEndsWithBoth)
{
    connect();
    EXPECT_EQ(bob().said, (Lines{"invite", "refer " + kCarol + " in place of carol-1/2", "update"}));
    EXPECT_TRUE(rig.was_told("signaling progress transfer_asked"));
    progress(200);
    EXPECT_EQ(desk->end.error.text, "transferred");
    EXPECT_EQ(newcomer->ends, 0) << "carol hangs up, who knows when";
    carol().ended();
    rig.settle();
    EXPECT_EQ(newcomer->ends, 1);
    EXPECT_TRUE(newcomer->end.by_peer);
}

TEST_F(Attended, HangsUpWhomTheyTalkToIfItDoesNot)
{
    connect();
    progress(200);
    rig.advance(4s);
    EXPECT_EQ(newcomer->ends, 0);
    rig.advance(2s);
    EXPECT_EQ(newcomer->ends, 1);
    EXPECT_EQ(carol().said.back(), "bye normal");
}

TEST_F(Attended, GoesOnWithBothIfNothingComesOfIt)
{
    connect();
    progress(481);
    EXPECT_EQ(desk->heard, (Lines{"481 failed"}));
    rig.advance(20s);
    EXPECT_EQ(desk->ends, 0);
    EXPECT_EQ(newcomer->ends, 0);
}

TEST_F(Attended, ToACallThatIsOverIsRefusedHere)
{
    other->hang_up();
    connect();
    EXPECT_EQ(desk->heard, (Lines{"0 failed: that call is over, or was not answered yet"}));
    EXPECT_EQ(bob().said, (Lines{"invite"}));
    rig.settle();
    connect();
    EXPECT_EQ(desk->heard.size(), 2U);
    EXPECT_EQ(desk->ends, 0);
}

TEST_F(Attended, ToACallThatOnlyRingsIsRefusedHere)
{
    rig.stage.script.devices = {"dave-1"};
    rig.stage.script.accept = Play::waits;
    other = std::make_shared<Call>(rig.timeline, Side::caller, std::string(64, 'd'),
                                   MediaPlan{"tone", "tape", true, false}, std::make_shared<Program>());
    start_call(*rig.node, other);
    rig.settle();
    connect();
    EXPECT_EQ(desk->heard, (Lines{"0 failed: that call is over, or was not answered yet"}));
}

// --- who is asked ----------------------------------------------------------------------------------------------------

TEST_F(Transfer, ByThePeerIsRefusedUnlessSomebodyDecides)
{
    desk->refuses = true;
    be_referred();
    EXPECT_EQ(bob().said.back(), "refer_progress 603");
    EXPECT_EQ(desk->ends, 0);
    EXPECT_TRUE(rig.was_told("signaling progress referred"));
}

TEST_F(Transfer, ByThePeerToOurselvesOrNobodyIsNotEvenAskedFor)
{
    be_referred(kAlice);
    EXPECT_EQ(bob().said.back(), "refer_progress 603");
    be_referred("nobody");
    EXPECT_EQ(std::ranges::count(bob().said, "refer_progress 603"), 2);
    EXPECT_TRUE(desk->referrals.empty());
}

TEST(CarriedTransfer, ToTheAddressThatTheServiceKnowsUsByIsToOurselves)
{
    Rig rig;
    const auto desk = std::make_shared<Desk>();
    rig.program = desk;
    rig.stage.script.carry = Play::happens;
    rig.call(kBob);
    rig.signaling("bob-1").referred("sip:Alice@EXAMPLE.net");
    rig.settle();
    EXPECT_EQ(rig.signaling("bob-1").said.back(), "refer_progress 603");
    rig.signaling("bob-1").referred("sip:carol@example.net");
    rig.settle();
    EXPECT_EQ(desk->referrals.size(), 1U);
}

TEST_F(Transfer, ByThePeerIsDecidedWithinAMinute)
{
    be_referred();
    for (int i = 0; i < 59; ++i)
        rig.advance(1s);
    EXPECT_EQ(bob().said, (Lines{"invite"}));
    rig.advance(2s);
    EXPECT_EQ(bob().said.back(), "refer_progress 603");
    EXPECT_TRUE(desk->referrals.at(0)->decided());
    EXPECT_EQ(desk->ends, 0);
}

TEST_F(Transfer, IsFollowedAndTheOldCallEndsWithThePeersGoodbye)
{
    const auto call = follow_carol();
    EXPECT_EQ(call->peer_account, kCarol);
    EXPECT_EQ(newcomer->heard_answer, 1);
    EXPECT_EQ(bob().said, (Lines{"invite", "refer_progress 100", "refer_progress 180", "refer_progress 200"}));
    bob().ended();
    rig.settle();
    EXPECT_EQ(desk->ends, 1);
    EXPECT_EQ(newcomer->ends, 0);
}

TEST_F(Transfer, IsFollowedAndAPeerThatStaysIsHungUp)
{
    follow_carol();
    rig.advance(4s);
    EXPECT_EQ(desk->ends, 0);
    rig.advance(2s);
    EXPECT_EQ(desk->ends, 1);
    EXPECT_EQ(bob().said.back(), "bye normal");
    EXPECT_EQ(newcomer->ends, 0);
}

TEST_F(Transfer, ToSomebodyWhoIsBusyLeavesTheOldCallAsItWas)
{
    rig.stage.script.accept = Play::fails;
    rig.stage.script.refusal = JF_REASON_BUSY;
    follow_carol();
    EXPECT_EQ(newcomer->ends, 1);
    EXPECT_EQ(bob().said.back(), "refer_progress 486 " + kScripted);
    EXPECT_EQ(desk->ends, 0);
    be_referred();
    ASSERT_EQ(desk->referrals.size(), 2U) << "the peer may try somebody else";
}

TEST_F(Transfer, ToSomebodyWhoDeclinesSaysSo)
{
    rig.stage.script.accept = Play::fails;
    follow_carol();
    EXPECT_EQ(bob().said.back(), "refer_progress 603 " + kScripted);
}

TEST_F(Transfer, ToSomebodyWhoIsNotThereSaysSo)
{
    rig.stage.script.devices = {};
    rig.stage.script.find = Play::fails;
    rig.stage.script.status = JF_NOT_FOUND;
    be_referred();
    follow(desk->referrals.at(0));
    EXPECT_TRUE(bob().said.back().starts_with("refer_progress 404")) << bob().said.back();
    EXPECT_EQ(desk->ends, 0);
}

TEST_F(Transfer, IsFollowedAlsoIfThePeerHangsUpAtOnce)
{
    rig.stage.script.devices = {"carol-1"};
    be_referred();
    bob().ended();
    rig.settle();
    EXPECT_EQ(desk->ends, 1);
    follow(desk->referrals.at(0));
    EXPECT_EQ(newcomer->heard_answer, 1);
    EXPECT_EQ(newcomer->ends, 0);
}

TEST_F(Transfer, ThatRingsGoesOnWhenTheOldCallIsHungUp)
{
    rig.stage.script.accept = Play::waits;
    follow_carol();
    EXPECT_EQ(bob().said.back(), "refer_progress 180");
    old->hang_up();
    rig.settle();
    EXPECT_EQ(desk->ends, 1);
    carol().answered();
    rig.settle();
    EXPECT_EQ(newcomer->heard_answer, 1);
}

TEST_F(Transfer, IsDecidedOnce)
{
    follow_carol();
    const auto second = std::make_shared<Program>();
    newcomer = second;
    follow(desk->referrals.at(0));
    EXPECT_EQ(second->ends, 1);
    EXPECT_EQ(second->heard_answer, 0);
    EXPECT_FALSE(desk->referrals.at(0)->refuse());
    rig.settle();
    EXPECT_EQ(bob().said.back(), "refer_progress 200");
}

TEST_F(Transfer, IsFollowedWithWhoWantedItAndWhatItReplaces)
{
    rig.stage.script.devices = {"carol-1"};
    bob().referred(kCarol, kBob, "carol-1/7");
    rig.settle();
    EXPECT_EQ(desk->referrals.at(0)->replaces, "carol-1/7");
    follow(desk->referrals.at(0));
    EXPECT_EQ(carol().said, (Lines{"invite by " + kBob + " in place of carol-1/7"}));
}

TEST_F(Transfer, IsFollowedWithWhoWantedItAlone)
{
    rig.stage.script.devices = {"carol-1"};
    bob().referred(kCarol, kBob);
    rig.settle();
    follow(desk->referrals.at(0));
    EXPECT_EQ(carol().said, (Lines{"invite by " + kBob}));
}

TEST_F(Transfer, ThatFindsNoCallToReplaceSaysSo)
{
    rig.stage.script.accept = Play::fails;
    rig.stage.script.refusal = JF_REASON_NO_SUCH_CALL;
    follow_carol();
    EXPECT_EQ(bob().said.back(), "refer_progress 481 " + kScripted);
    EXPECT_EQ(desk->ends, 0);
}

TEST_F(Transfer, ThatReplacesACallDoesNotGoOnWithOneThatCrossesIt)
{
    rig.stage.script.devices = {"carol-1"};
    rig.stage.script.accept = Play::waits;
    bob().referred(kCarol, kBob, "carol-1/7");
    rig.settle();
    follow(desk->referrals.at(0));
    carol().listener().invited(1, peer_offer(), "Carol");
    rig.settle();
    EXPECT_EQ(rig.incoming.size(), 1U) << "somebody is asked";
}

TEST_F(Transfer, ThatIsGivenUpHereSaysSo)
{
    rig.stage.script.accept = Play::waits;
    const auto call = follow_carol();
    call->hang_up();
    rig.settle();
    EXPECT_EQ(newcomer->ends, 1);
    EXPECT_TRUE(bob().said.back().starts_with("refer_progress 487")) << bob().said.back();
    EXPECT_EQ(desk->ends, 0);
}

TEST(TransferStatus, OfACallThatEndedSaysWhy)
{
    const auto code = [](jf_status status, std::uint32_t reason = JF_REASON_DECLINED) {
        CallEnd end;
        end.error.status = status;
        end.reason = reason;
        return status_code_of(end);
    };
    EXPECT_EQ(code(JF_BUSY), 486U);
    EXPECT_EQ(code(JF_REFUSED), 603U);
    EXPECT_EQ(code(JF_REFUSED, JF_REASON_NO_ANSWER), 480U);
    EXPECT_EQ(code(JF_REFUSED, JF_REASON_NOT_ACCEPTABLE), 488U);
    EXPECT_EQ(code(JF_REFUSED, JF_REASON_NO_SUCH_CALL), 481U);
    EXPECT_EQ(code(JF_UNREACHABLE), 480U);
    EXPECT_EQ(code(JF_TIMEOUT), 480U);
    EXPECT_EQ(code(JF_UNSUPPORTED), 488U);
    EXPECT_EQ(code(JF_CLOSED), 500U);
}

} // namespace
