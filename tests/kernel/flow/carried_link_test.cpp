// Links that a service carries: no request, no connectivity and no secure channel of ours.

#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

TEST(CarriedLink, StandsAtOnceAndTheCallGoesOnAsAnyOther)
{
    Rig rig;
    rig.stage.script.carry = Play::happens;
    const auto call = rig.call();
    EXPECT_EQ(rig.told,
              (Lines{"call start", "discovery start", "discovery done", "connectivity start", "connectivity done",
                     "signaling start", "signaling progress ringing", "media_connectivity start", "signaling done",
                     "media_connectivity done", "media start", "media progress codecs_open"}));
    EXPECT_TRUE(rig.signaling().carried);
    EXPECT_TRUE(rig.signaling().initiator);
    EXPECT_TRUE(rig.signaling().stands_on(rig.stage.get<Actor>("carrier bob-1")));
    EXPECT_TRUE(rig.discovery().sent.empty());
    EXPECT_EQ(rig.stage.count("tls bob-1"), 0U);
    call->hang_up();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call done");
}

TEST(CarriedLink, NeedsNoMultiplexer)
{
    Rig rig({.multiplexer = true});
    rig.stage.script.carry = Play::happens;
    rig.call();
    EXPECT_EQ(rig.program->heard_answer, 1);
    EXPECT_EQ(rig.stage.count("multiplexer"), 0U);
}

TEST(CarriedLink, IsKeptForTheNextCall)
{
    Rig rig;
    rig.stage.script.carry = Play::happens;
    rig.call()->hang_up();
    rig.settle();
    EXPECT_EQ(rig.stage.count("carrier bob-1"), 1U);
    rig.call();
    EXPECT_EQ(rig.stage.count("carrier bob-1"), 1U);
    EXPECT_EQ(rig.program->heard_answer, 2);
}

TEST(CarriedLink, ThatTheServiceCannotGiveEndsTheCallAtThatStep)
{
    Rig rig;
    rig.stage.script.carry = Play::fails;
    rig.call();
    EXPECT_EQ(rig.told.back().substr(0, 40), "call failed unreachable at connectivity:") << rig.told.back();
    EXPECT_TRUE(rig.discovery().sent.empty()) << "it is not asked by a message instead";
}

TEST(CarriedLink, IsTakenWhenADeviceWritesToUs)
{
    Rig rig;
    rig.discovery().listener().carried(jackfield::Device("bob", "bob-1"), std::make_unique<CarrierDouble>("bob-1"));
    rig.settle();
    ASSERT_EQ(rig.stage.count("signaling bob-1"), 1U) << rig.stage.names();
    EXPECT_FALSE(rig.signaling().initiator);
    rig.signaling().invited();
    rig.settle();
    ASSERT_EQ(rig.incoming.size(), 1U);
    EXPECT_EQ(rig.incoming.front()->peer_account, "bob");
    rig.program->answers = true;
    rig.incoming.front()->answer();
    rig.settle();
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(CarriedLink, OfOneWhoseCallsAreNotWantedIsLetGoWithoutAWord)
{
    Rig rig;
    rig.node->settings.calls_from = CallsFrom::kContacts;
    rig.discovery().listener().carried(jackfield::Device("bob", "bob-1"), std::make_unique<CarrierDouble>("bob-1"));
    rig.settle();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
    EXPECT_EQ(rig.stage.count("carrier bob-1"), 0U);
}

} // namespace
