// Devices that their account has revoked: whoever calls is looked up, is not let in then, and links that are open end.

#include "kernel/flow/disowned.hpp"
#include "kernel/flow/limits.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

class Disowned : public ::testing::Test {
protected:
    std::size_t links(const std::string& device = "bob-1") { return rig_.stage.count("signaling " + device); }

    Rig rig_;
};

TEST_F(Disowned, TheAccountOfWhoeverCallsIsLookedUpAndItsWordIsGoodForAWhile)
{
    rig_.request();
    EXPECT_EQ(links(), 1U);
    EXPECT_EQ(rig_.discovery().looked_for, 1);
    rig_.request("bob-2");
    EXPECT_EQ(links("bob-2"), 1U);
    EXPECT_EQ(rig_.discovery().looked_for, 1) << "just now";
    rig_.advance(limits::kVouchedFor + 1ms);
    rig_.request("bob-3");
    EXPECT_EQ(rig_.discovery().looked_for, 2);
}

TEST_F(Disowned, ACallerGetsNoLinkOnceItsAccountHasSaidThatItWasRevoked)
{
    rig_.stage.script.find = Play::waits;
    rig_.request();
    EXPECT_EQ(links(), 0U) << "the link waits for the account's word";
    rig_.stage.script.revoked = {"bob-1"};
    rig_.discovery().finds.at(0).succeed();
    rig_.settle();
    EXPECT_EQ(links(), 0U);
    EXPECT_EQ(rig_.told.back(), "secure_channel failed unauthenticated: the device was revoked");
}

TEST_F(Disowned, NobodyWaitsLongerThanTwoSecondsForTheAccountsWord)
{
    rig_.stage.script.find = Play::waits;
    rig_.request();
    rig_.advance(limits::kLookUpCaller - 1ms);
    EXPECT_EQ(links(), 0U);
    rig_.advance(2ms);
    EXPECT_EQ(links(), 1U) << "the board may be out of reach";
    rig_.request("bob-2");
    EXPECT_EQ(rig_.discovery().looked_for, 2) << "no word is not remembered as one";
}

TEST_F(Disowned, StrangersCauseSoManyLookUpsAndNoMore)
{
    for (int i = 0; i <= limits::kLookUpsAtOnce; ++i)
        rig_.request("device-" + std::to_string(i), kPeerBlob, "account-" + std::to_string(i));
    EXPECT_EQ(rig_.discovery().looked_for, limits::kLookUpsAtOnce);
    EXPECT_EQ(links("device-" + std::to_string(limits::kLookUpsAtOnce)), 0U) << "not let in unseen";
    rig_.advance(1s);
    rig_.request("later-1", kPeerBlob, "later");
    EXPECT_EQ(links("later-1"), 1U);
}

TEST_F(Disowned, OpenLinksAndTheCallsOnThemEnd)
{
    rig_.call();
    ASSERT_EQ(rig_.program->heard_answer, 1);
    end_disowned_links(*rig_.node, "bob");
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 0) << "nobody was revoked";
    rig_.stage.script.revoked = {"bob-1"};
    end_disowned_links(*rig_.node, "carol");
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 0) << "another account";
    end_disowned_links(*rig_.node, "bob");
    rig_.settle();
    ASSERT_EQ(rig_.program->ends, 1);
    EXPECT_NE(rig_.program->end.error.text.find("the device was revoked"), std::string::npos);
    EXPECT_EQ(links(), 0U);
}

TEST_F(Disowned, TheAccountsOfOpenLinksAreWatchedOnceTheyHaveStoodForASecond)
{
    rig_.request();
    EXPECT_TRUE(rig_.discovery().watched.empty()) << "not while a call begins";
    rig_.advance(limits::kWatchLinked);
    EXPECT_EQ(rig_.discovery().watched, std::vector<std::string>{"bob"});
    rig_.signaling("bob-1").break_off();
    rig_.settle();
    EXPECT_TRUE(rig_.discovery().watched.empty());
}

} // namespace
