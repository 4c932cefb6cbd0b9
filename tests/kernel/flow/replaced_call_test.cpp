// A call that comes in takes the place of one that runs (RFC 3891): without ringing, or not at all.

#include "kernel/flow/replaced_call.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

/// Bob talks to us, and carol has a link.
class Replacing : public ::testing::Test {
protected:
    Replacing()
    {
        old = rig.be_called("bob-1");
        old->answer();
        rig.request("carol-1", kPeerBlob, "carol");
        rig.told.clear();
    }

    SignalingDouble::Session& bob() { return rig.signaling("bob-1"); }
    SignalingDouble::Session& carol() { return rig.signaling("carol-1"); }
    void invite(const std::string& name = "bob-1/1")
    {
        carol().invited_referred("bob", name);
        rig.settle();
    }
    bool old_runs() { return rig.program->ends == 0 && bob().said == Lines{"ring", "answer"}; }

    Rig rig;
    std::shared_ptr<Call> old;
};

TEST_F(Replacing, IsAnsweredWithoutRingingAndEndsTheOther)
{
    invite();
    EXPECT_EQ(carol().said, (Lines{"answer"}));
    EXPECT_EQ(rig.program->rang, 1) << "the first";
    EXPECT_EQ(rig.program->heard_answer, 2);
    EXPECT_EQ(bob().said, (Lines{"ring", "answer", "bye normal"}));
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_OK);
    EXPECT_EQ(rig.program->end.error.text, "replaced");
    EXPECT_FALSE(rig.program->end.by_peer);
    EXPECT_FALSE(rig.was_told("signaling progress ringing"));
    carol().ended();
    rig.settle();
    EXPECT_EQ(rig.program->ends, 2);
    EXPECT_EQ(rig.program->end.error.text, "");
}

TEST_F(Replacing, SaysOnTheTimelineWhoWantedItAndWhatItReplaces)
{
    Call call(rig.timeline, Side::callee, "carol", {}, nullptr);
    EXPECT_EQ(origin_of(call), "");
    call.referred_by = "bob";
    EXPECT_EQ(origin_of(call), R"({"referred_by":"bob"})");
    call.replaces = old;
    EXPECT_EQ(origin_of(call), R"({"referred_by":"bob","replaces":")" + old->id + "\"}");
}

TEST_F(Replacing, ACallOfOursIsReplacedAsWell)
{
    rig.stage.script.devices = {"dave-1"};
    rig.call("dave");
    invite("dave-1/2");
    EXPECT_EQ(rig.signaling("dave-1").said, (Lines{"invite", "bye normal"}));
    EXPECT_EQ(carol().said, (Lines{"answer"}));
    EXPECT_TRUE(bob().said.back() == "answer") << "that one goes on";
}

TEST_F(Replacing, WhatIsNotThereRefusesIt)
{
    for (const char* name : {"bob-1/2", "carol-1/1", "nonsense"}) {
        invite(name);
        EXPECT_EQ(carol().said.back(), "refuse no such call") << name;
    }
    EXPECT_EQ(std::ranges::count(bob().said, "bye normal"), 0);
    EXPECT_EQ(rig.program->heard_answer, 1);
    EXPECT_EQ(rig.program->rang, 1);
}

TEST_F(Replacing, ACallThatMayOnlyBeReplacedWhileItRingsIsBusy)
{
    invite("bob-1/1 early");
    EXPECT_EQ(carol().said, (Lines{"refuse busy"}));
}

TEST_F(Replacing, ACallThatOnlyRingsIsNotReplaced)
{
    rig.request("dave-1", kPeerBlob, "dave");
    rig.signaling("dave-1").invited();
    rig.settle();
    invite("dave-1/1");
    EXPECT_EQ(carol().said, (Lines{"refuse no such call"}));
}

TEST_F(Replacing, TwoOfOneNameAreNone)
{
    rig.stage.script.devices = {"dave-1"};
    rig.call("dave");
    invite("every");
    EXPECT_EQ(carol().said, (Lines{"refuse no such call"}));
}

TEST_F(Replacing, ACallThatIsHungUpMeanwhileIsNotReplaced)
{
    rig.stage.script.gather = Play::waits;
    invite();
    EXPECT_EQ(carol().said, Lines());
    old->hang_up();
    rig.settle();
    rig.advance(150ms);
    EXPECT_EQ(carol().said, (Lines{"refuse no such call"}));
    invite();
    EXPECT_EQ(carol().said.back(), "refuse no such call") << "and neither when it is over";
}

TEST_F(Replacing, IsDoneOnceHoweverOftenItIsAskedFor)
{
    rig.request("dave-1", kPeerBlob, "dave");
    carol().invited_referred("bob", "bob-1/1");
    rig.signaling("dave-1").invited_referred("bob", "bob-1/1");
    rig.settle();
    EXPECT_EQ(carol().said, (Lines{"answer"}));
    EXPECT_EQ(rig.signaling("dave-1").said, (Lines{"refuse no such call"}));
    EXPECT_EQ(std::ranges::count(bob().said, "bye normal"), 1);
}

TEST_F(Replacing, OneThatCannotBeLeavesTheOtherAsItWas)
{
    carol().invited_referred("bob", "bob-1/1", "nonsense");
    rig.settle();
    EXPECT_EQ(carol().said, (Lines{"refuse not acceptable"}));
    EXPECT_EQ(bob().said, (Lines{"ring", "answer"}));
    rig.refuse_incoming = JF_REASON_BUSY;
    invite();
    EXPECT_EQ(carol().said.back(), "refuse busy") << "the program does not want it";
    EXPECT_EQ(bob().said, (Lines{"ring", "answer"}));
}

TEST_F(Replacing, DoesNotCrossACallOfOurs)
{
    rig.stage.script.devices = {"carol-1"};
    rig.stage.script.accept = Play::waits;
    rig.call("carol");
    invite();
    EXPECT_EQ(carol().said, (Lines{"invite", "answer"}));
    EXPECT_EQ(bob().said.back(), "bye normal");
}

// --- a hang-up and an answer at the same moment ----------------------------------------------------------------------

/// Both orders: what the peer says first, and what the person here does first.
class AtOnce : public ::testing::TestWithParam<bool> {
protected:
    template <class Ours, class Theirs>
    void together(Ours ours, Theirs theirs)
    {
        if (GetParam())
            ours();
        theirs();
        if (!GetParam())
            ours();
        rig.settle();
    }

    Rig rig;
};

/// RFC 3261 section 9.1.
TEST_P(AtOnce, WhoCallsHangsUpAndTheAnswerComes)
{
    rig.stage.script.accept = Play::waits;
    const auto call = rig.call();
    together([&] { call->hang_up(); }, [&] { rig.signaling().answered(); });
    EXPECT_EQ(rig.signaling().said, (Lines{"invite", "bye cancelled"})) << "it was answered, so it is ended";
    EXPECT_EQ(rig.program->heard_answer, 0) << "nobody is told who has just hung up";
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_FALSE(rig.program->end.answered);
    EXPECT_EQ(rig.told.back(), "call failed cancelled at signaling: hung up here");
    EXPECT_TRUE(rig.node->calls.empty());
}

TEST_P(AtOnce, WhoIsCalledAnswersAndTheCallerHasGivenUp)
{
    const auto call = rig.be_called();
    together([&] { call->answer(); }, [&] { rig.signaling().listener().cancelled(1, JF_REASON_CANCELLED); });
    EXPECT_EQ(rig.signaling().said, (Lines{"ring"}));
    EXPECT_EQ(rig.program->heard_answer, 0);
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_TRUE(rig.program->end.by_peer);
    EXPECT_TRUE(rig.node->calls.empty());
}

TEST_P(AtOnce, WhoIsCalledDeclinesAndTheCallerHasGivenUp)
{
    const auto call = rig.be_called();
    together([&] { call->refuse(JF_REASON_DECLINED); },
             [&] { rig.signaling().listener().cancelled(1, JF_REASON_CANCELLED); });
    EXPECT_EQ(rig.signaling().said, (Lines{"ring"})) << "there is nobody to hear it";
    EXPECT_EQ(rig.program->ends, 1);
}

INSTANTIATE_TEST_SUITE_P(Both, AtOnce, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "WeFirst" : "TheyFirst"; });

TEST(CancelledCall, TheAnswerThatComesAfterTheCancelIsTheSessionsAffair)
{
    Rig rig;
    rig.stage.script.accept = Play::waits;
    const auto call = rig.call();
    call->hang_up();
    rig.settle();
    rig.signaling().answered(); // the plugin would say bye
    rig.settle();
    EXPECT_EQ(rig.signaling().said, (Lines{"invite", "cancel cancelled"}));
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->heard_answer, 0);
}

} // namespace
