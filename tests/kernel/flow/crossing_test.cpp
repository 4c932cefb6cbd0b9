// Two ends that call each other at the same moment: one call comes of it.

#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

/// Our call rings at bob's device, and then bob's own invitation comes in.
struct CrossedRig {
    explicit CrossedRig(const std::string& own_device)
    {
        Device self = rig.node->self;
        self.device_id = own_device;
        rig.node->take_identity(self);
        rig.stage.script.accept = Play::waits;
        call = rig.call();
    }

    void bob_invites(std::uint64_t number = 1)
    {
        rig.signaling().listener().invited(number, peer_offer(), "Bob");
        rig.settle();
    }

    Rig rig;
    std::shared_ptr<Call> call;
};

TEST(Crossing, OfTheLowerDeviceGoesOnAndHoldsTheOther)
{
    CrossedRig crossed("alice-1");
    auto& rig = crossed.rig;
    crossed.bob_invites();
    EXPECT_TRUE(rig.incoming.empty()) << "nobody is asked about a call that he has just placed himself";
    EXPECT_EQ(rig.signaling().said, Lines{"invite"}) << "the other is left without a reaction";
    rig.signaling().listener().cancelled(1, JF_REASON_ELSEWHERE);
    rig.signaling().answered();
    rig.settle();
    EXPECT_EQ(rig.program->heard_answer, 1);
    EXPECT_EQ(rig.signaling().said, Lines{"invite"});
}

TEST(Crossing, ThatWasHeldIsRefusedIfTheCallIsOverAndNobodyTookItBack)
{
    CrossedRig crossed("alice-1");
    crossed.bob_invites();
    crossed.rig.signaling().answered();
    crossed.rig.settle();
    EXPECT_EQ(crossed.rig.program->heard_answer, 1);
    EXPECT_EQ(crossed.rig.signaling().said, (Lines{"invite", "refuse busy"}));
}

TEST(Crossing, ThatWasHeldIsRefusedIfOursIsDeclined)
{
    CrossedRig crossed("alice-1");
    crossed.bob_invites();
    crossed.rig.signaling().refused(JF_REASON_DECLINED, 603);
    crossed.rig.settle();
    EXPECT_EQ(crossed.rig.program->ends, 1);
    EXPECT_EQ(crossed.rig.signaling().said, (Lines{"invite", "refuse busy"}));
}

TEST(Crossing, OfTheHigherDeviceAnswersTheOtherAndTakesItsOwnBack)
{
    CrossedRig crossed("zoe-1");
    auto& rig = crossed.rig;
    crossed.bob_invites();
    EXPECT_TRUE(rig.incoming.empty());
    EXPECT_EQ(rig.signaling().said, (Lines{"invite", "cancel elsewhere", "ring", "answer"}));
    EXPECT_EQ(rig.program->heard_answer, 1) << "the call that was placed is answered";
    EXPECT_EQ(rig.program->ends, 0);
    rig.signaling().listener().ended(1, JF_REASON_NORMAL, "");
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_OK) << rig.program->end.error.text;
    EXPECT_TRUE(rig.program->end.by_peer);
}

TEST(Crossing, HasMediaOverItsOwnPaths)
{
    CrossedRig crossed("zoe-1");
    crossed.bob_invites();
    EXPECT_TRUE(crossed.rig.was_told("media start"));
    crossed.call->hang_up();
    crossed.rig.settle();
    EXPECT_EQ(crossed.rig.signaling().said.back(), "bye normal");
}

TEST(Crossing, OfACallThatHasBeenAnsweredIsACallOfItsOwn)
{
    CrossedRig crossed("zoe-1");
    crossed.rig.signaling().answered();
    crossed.rig.settle();
    crossed.bob_invites();
    EXPECT_EQ(crossed.rig.incoming.size(), 1U);
}

TEST(Crossing, OfACallThatWasHungUpIsACallOfItsOwn)
{
    CrossedRig crossed("zoe-1");
    crossed.call->hang_up();
    crossed.bob_invites();
    EXPECT_EQ(crossed.rig.incoming.size(), 1U);
}

TEST(Crossing, OfAnOfferThatMakesNoSenseEndsTheCall)
{
    CrossedRig crossed("zoe-1");
    crossed.rig.signaling().listener().invited(1, "nonsense", "Bob");
    crossed.rig.settle();
    EXPECT_EQ(crossed.rig.program->ends, 1);
    EXPECT_EQ(crossed.rig.signaling().said, (Lines{"invite", "cancel elsewhere", "refuse failed"}));
}

TEST(Crossing, HoldsNoMoreThanAFew)
{
    CrossedRig crossed("alice-1");
    for (std::uint64_t number = 1; number < 41; number += 2)
        crossed.bob_invites(number);
    EXPECT_EQ(crossed.rig.incoming.size(), 20U - 8U);
}

} // namespace
