// Several devices of one account: all ring, the first that accepts wins, the others hear why.

#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

class Devices : public ::testing::Test {
protected:
    Devices()
    {
        rig_.stage.script.devices = {"bob-1", "bob-2", "bob-3"};
        rig_.stage.script.accept = Play::waits;
    }

    void accept(const std::string& device)
    {
        rig_.signaling(device).answered();
        rig_.settle();
    }
    void refuse(const std::string& device, std::uint32_t reason = JF_REASON_DECLINED)
    {
        rig_.signaling(device).refused(reason, 603);
        rig_.settle();
    }

    Rig rig_;
};

TEST_F(Devices, AllRingAndTheProgramHearsItOnce)
{
    rig_.call();
    for (const char* device : {"bob-1", "bob-2", "bob-3"})
        EXPECT_EQ(rig_.signaling(device).said, Lines{"invite"}) << device;
    EXPECT_EQ(rig_.program->rang, 1);
}

TEST_F(Devices, TheFirstThatAcceptsWinsAndTheOthersHearElsewhere)
{
    rig_.call();
    accept("bob-2");
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(rig_.signaling("bob-1").said, (Lines{"invite", "cancel elsewhere"}));
    EXPECT_EQ(rig_.signaling("bob-2").said, (Lines{"invite"}));
    EXPECT_EQ(rig_.signaling("bob-3").said, (Lines{"invite", "cancel elsewhere"}));
    EXPECT_EQ(rig_.stage.count("media"), 1U) << "the media sessions of the others are gone";
    EXPECT_EQ(rig_.stage.count("transport"), 1U);
}

TEST_F(Devices, ASecondThatAcceptsAtTheSameMomentHearsElsewhere)
{
    rig_.call();
    rig_.signaling("bob-3").answered();
    rig_.signaling("bob-1").answered();
    rig_.settle();
    const auto& winner = rig_.signaling("bob-1").said.size() == 1 ? rig_.signaling("bob-1") : rig_.signaling("bob-3");
    const auto& loser = &winner == &rig_.signaling("bob-1") ? rig_.signaling("bob-3") : rig_.signaling("bob-1");
    EXPECT_EQ(winner.said, (Lines{"invite"}));
    EXPECT_EQ(loser.said, (Lines{"invite", "bye elsewhere"})) << "it had taken the call already";
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(Devices, TheWinnerDoesNotWaitForADeviceThatIsStillBeingAsked)
{
    rig_.stage.script.answer = Play::waits; // a device that announced itself yesterday and is gone
    rig_.call();
    rig_.discovery().answer("bob-2");
    rig_.settle();
    accept("bob-2");
    EXPECT_EQ(rig_.program->heard_answer, 1) << "no time has passed";
    EXPECT_EQ(rig_.stage.count("transport"), 1U);
    EXPECT_EQ(rig_.stage.count("control-udp"), 0U) << "nobody else is dialled any more";
}

TEST_F(Devices, OneThatFailsDoesNotEndTheCall)
{
    rig_.stage.script.answer = Play::waits;
    rig_.call();
    rig_.discovery().answer("bob-1");
    rig_.discovery().hear(jackfield::Device("bob", "bob-2", "c"), JF_CALL_REFUSAL,
                          rig_.discovery().request_to("bob-2").call_id, "");
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 0);
    accept("bob-1");
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(Devices, OneThatRefusesDoesNotEndTheCallWhileAnotherRings)
{
    rig_.call();
    refuse("bob-1");
    refuse("bob-3");
    EXPECT_EQ(rig_.program->ends, 0);
    accept("bob-2");
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(Devices, WhenAllAreOverAPersonsWordCountsMoreThanAFailure)
{
    rig_.call();
    rig_.signaling("bob-1").break_off();
    rig_.settle();
    refuse("bob-2", JF_REASON_BUSY);
    EXPECT_EQ(rig_.program->ends, 0);
    rig_.signaling("bob-3").break_off();
    rig_.settle();
    ASSERT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_BUSY);
    EXPECT_TRUE(rig_.program->end.by_peer);
}

TEST_F(Devices, ThatAreFoundLaterRingToo)
{
    rig_.stage.script.find = Play::waits;
    const auto call = rig_.call();
    auto& find = rig_.discovery().finds.at(0);
    find.device(jackfield::Device("bob", "bob-1", "chain"));
    rig_.settle();
    EXPECT_EQ(rig_.signaling("bob-1").said, Lines{"invite"});
    find.device(jackfield::Device("bob", "bob-2", "chain"));
    find.device(jackfield::Device("bob", "bob-2", "chain"));
    rig_.settle();
    EXPECT_EQ(rig_.signaling("bob-2").said, Lines{"invite"});
    EXPECT_EQ(rig_.discovery().count("bob-2", JF_CALL_REQUEST), 1U) << "a device is one device";
    refuse("bob-1");
    refuse("bob-2");
    EXPECT_EQ(rig_.program->ends, 0) << "the search goes on";
    rig_.discovery().finds.at(0).succeed();
    rig_.settle();
    EXPECT_EQ(rig_.program->end.error.status, JF_REFUSED);
}

TEST_F(Devices, OfAWatchedAccountRingWithoutALookUpAlsoWhenTheyComeLater)
{
    auto& listener = rig_.discovery().listener();
    listener.state(JF_ONLINE, "");
    rig_.node->watching.add("bob");
    listener.presence(jackfield::Device("bob", "bob-2", "chain of bob-2"), true);
    rig_.advance(Switchboard::kWatchSettles);
    rig_.call();
    EXPECT_EQ(rig_.discovery().looked_for, 0);
    EXPECT_EQ(rig_.signaling("bob-2").said, Lines{"invite"});
    EXPECT_EQ(rig_.discovery().count("bob-1", JF_CALL_REQUEST), 0U) << "nobody says that it is there";
    listener.presence(jackfield::Device("bob", "bob-3", "chain of bob-3"), true);
    rig_.settle();
    EXPECT_EQ(rig_.signaling("bob-3").said, Lines{"invite"});
    accept("bob-3");
    EXPECT_EQ(rig_.signaling("bob-2").said, (Lines{"invite", "cancel elsewhere"}));
}

// A link is open to one device; the others are known by watching.
TEST_F(Devices, ThatHaveNoLinkRingBesideTheOneThatHas)
{
    rig_.stage.script.devices = {"bob-1"};
    rig_.call()->hang_up();
    rig_.settle();
    auto& listener = rig_.discovery().listener();
    listener.state(JF_ONLINE, "");
    rig_.node->watching.add("bob");
    for (const char* device : {"bob-1", "bob-2"})
        listener.presence(jackfield::Device("bob", device, "chain"), true);
    rig_.advance(Switchboard::kWatchSettles);
    const int before = rig_.discovery().looked_for;
    rig_.call();
    rig_.advance(limits::kLinkedAlone);
    EXPECT_EQ(rig_.signaling("bob-1").said.back(), "invite");
    EXPECT_EQ(rig_.signaling("bob-2").said, Lines{"invite"});
    EXPECT_EQ(rig_.discovery().looked_for, before);
}

TEST_F(Devices, AllHearThatWeHungUp)
{
    rig_.call()->hang_up();
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 1);
    for (const char* device : {"bob-1", "bob-2", "bob-3"})
        EXPECT_EQ(rig_.signaling(device).said, (Lines{"invite", "cancel cancelled"})) << device;
}

TEST_F(Devices, TheOneWhoseMediaIsReadyFirstIsNotTheWinnerByThat)
{
    rig_.stage.script.media = Play::waits;
    rig_.call();
    rig_.ice("media", 0).up();
    rig_.settle();
    EXPECT_EQ(rig_.stage.count("transport"), 1U);
    accept("bob-3");
    EXPECT_EQ(rig_.stage.count("transport"), 0U) << "what stood ready for bob-1 is gone";
    ASSERT_EQ(rig_.stage.count("media"), 1U);
    rig_.ice("media").up();
    rig_.settle();
    EXPECT_EQ(rig_.stage.count("transport"), 1U);
    EXPECT_EQ(rig_.told.back(), "media progress codecs_open");
}

TEST_F(Devices, OfOneAccountSixteenAreAsked)
{
    rig_.stage.script.devices.clear();
    for (int i = 0; i < 20; ++i)
        rig_.stage.script.devices.push_back("bob-" + std::to_string(100 + i));
    rig_.stage.script.answer = Play::waits;
    rig_.call();
    EXPECT_EQ(rig_.discovery().count("bob-115", JF_CALL_REQUEST), 1U);
    EXPECT_EQ(rig_.discovery().count("bob-116", JF_CALL_REQUEST), 0U);
}

TEST_F(Devices, ACallToOnesOwnAccountRingsAllButThisOne)
{
    rig_.stage.script.devices = {"alice-1", "alice-2"};
    rig_.call("alice");
    EXPECT_EQ(rig_.discovery().count("alice-1", JF_CALL_REQUEST), 0U);
    EXPECT_EQ(rig_.signaling("alice-2").said, Lines{"invite"});
}

TEST_F(Devices, ACallToOnesOwnAccountEndsIfThereIsNoOther)
{
    rig_.stage.script.devices = {"alice-1"};
    rig_.call("alice");
    ASSERT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.text, "no other device of our account is there");
}

} // namespace
