// A call takes the place of another one, and a peer shows a sign of life: what every signaling plugin promises of both.
//
// Threads: the test's thread is control.
#include "signaled.hpp"

namespace jackfield::signaling_test {
namespace {

using Alive = Signaled;

TEST_P(Alive, APeerThatIsThereShowsASignOfLifeAndOneThatIsNotDoesNot)
{
    const auto ask = [&](SessionUnderTest& session, std::chrono::milliseconds patience) {
        const auto before = session.done_statuses.size();
        session.ping(patience);
        EXPECT_EQ(session.done_statuses.size(), before) << "its end is posted";
        return [&session, before] { return session.done_statuses.size() > before; };
    };
    ASSERT_TRUE(host.run_until(ask(alice, std::chrono::milliseconds(10))));
    EXPECT_EQ(alice.done_statuses.back(), JF_OK);
    ASSERT_TRUE(host.run_until(ask(bob, std::chrono::milliseconds(10))));
    EXPECT_EQ(bob.done_statuses.back(), JF_OK);
    EXPECT_EQ(alice.log.all() + bob.log.all(), "") << "nobody is disturbed";
    host.advance(std::chrono::seconds(60));
    EXPECT_EQ(alice.done_statuses.size(), 1U) << "it ends once";
    link.set_filter([](int, Bytes&) { return false; });
    for (const auto patience : {std::chrono::milliseconds(2000), std::chrono::milliseconds(10000)}) {
        const auto ended = ask(alice, patience);
        host.advance(patience - std::chrono::milliseconds(1));
        EXPECT_FALSE(ended()) << patience.count();
        host.advance(std::chrono::milliseconds(2));
        ASSERT_TRUE(host.run_until(ended));
        EXPECT_EQ(alice.done_statuses.back(), JF_TIMEOUT);
    }
    const auto ended = ask(alice, std::chrono::milliseconds(2000));
    link.break_link(JF_UNREACHABLE, "cut");
    ASSERT_TRUE(host.run_until(ended));
    EXPECT_EQ(alice.done_statuses.back(), JF_CLOSED);
}

// --- in the place of another ---------------------------------------------------------------------------------------

/// Alice and Bob talk, and Carol has a link to Bob, too.
class Replaced : public Signaled {
protected:
    ~Replaced() override
    {
        carol.release();
        bob_to_carol.release();
    }
    /// Of Alice's call with Bob, for Bob.
    std::string name()
    {
        std::string text = alice.name_of(2);
        EXPECT_EQ(alice.name_status, JF_OK) << alice.problem;
        return text;
    }

    MemoryLink other_link{JF_STREAM};
    SessionUnderTest carol{plugin, other_link.path(0), kCarol, kBob, "Carol"};
    SessionUnderTest bob_to_carol{plugin, other_link.path(1), kBob, kCarol, "Bob"};
};

TEST_P(Replaced, ACallHasANameByWhichItsPeerFindsItAndNoOther)
{
    ASSERT_EQ(alice.invite(4), JF_OK);
    ASSERT_TRUE(heard(bob, "invited 1"));
    alice.name_of(4);
    EXPECT_EQ(alice.name_status, JF_BAD_INPUT) << "it does not run yet";
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(heard(bob, "invited 3"));
    ASSERT_EQ(bob.answer(3), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 2"));
    const std::string of_two = name();
    EXPECT_EQ(bob.matches(3, of_two), JF_OK);
    EXPECT_NE(bob.matches(1, of_two), JF_OK);
    for (const auto& other : {std::string("another"), std::string(), of_two + "x", of_two.substr(1)})
        EXPECT_EQ(bob.matches(3, other), JF_NOT_FOUND) << other;
    EXPECT_EQ(alice.matches(2, bob.name_of(3)), JF_OK) << "either end may be handed on";
    ASSERT_EQ(bob.bye(3), JF_OK);
    EXPECT_EQ(bob.matches(3, of_two), JF_NOT_FOUND);
}

TEST_P(Replaced, AWishNamesTheCallThatIsToBeReplaced)
{
    establish();
    for (const char* nonsense : {"a b", "a\r\nVia: x", "\xc3\xbc"}) {
        const auto before = alice.done_statuses.size();
        alice.refer(2, "carol-account", nonsense);
        ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() > before; }));
        EXPECT_EQ(alice.done_statuses.back(), JF_BAD_INPUT) << nonsense;
    }
    alice.refer(2, "carol-account", name());
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    EXPECT_EQ(bob.log.replaces, name());
}

TEST_P(Replaced, AnInvitationSaysWhoWantedItAndWhatItReplaces)
{
    establish();
    EXPECT_EQ(carol.invite_referred(2, "alice-account", "a b"), JF_BAD_INPUT);
    ASSERT_EQ(carol.invite_referred(2, "alice-account", name()), JF_OK) << carol.problem;
    ASSERT_TRUE(heard(bob_to_carol, "invited 1 Carol by alice-account"));
    EXPECT_EQ(bob.matches(1, bob_to_carol.log.replaces), JF_OK) << bob_to_carol.log.replaces;
    ASSERT_EQ(bob_to_carol.answer(1), JF_OK);
    ASSERT_TRUE(heard(carol, "answered 2"));
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 2 0"));
}

TEST_P(Replaced, AnInvitationMaySayOnlyWhoWantedIt)
{
    ASSERT_EQ(carol.invite_referred(2, "alice-account", ""), JF_OK) << carol.problem;
    ASSERT_TRUE(heard(bob_to_carol, "invited 1 Carol by alice-account"));
    EXPECT_EQ(bob_to_carol.log.replaces, "");
    ASSERT_EQ(carol.invite_referred(4, "", ""), JF_OK);
    ASSERT_TRUE(heard(bob_to_carol, "invited 3 Carol"));
    ASSERT_EQ(carol.invite_referred(6, "sip:boss@example.net", ""), JF_OK);
    ASSERT_TRUE(heard(bob_to_carol, "invited 5 Carol by sip:boss@example.net"));
}

TEST_P(Replaced, WhatWouldReplaceNothingIsRefusedSo)
{
    establish();
    ASSERT_EQ(carol.invite_referred(2, "", name()), JF_OK);
    ASSERT_TRUE(heard(bob_to_carol, "invited 1 Carol by "));
    ASSERT_EQ(bob_to_carol.refuse(1, JF_REASON_NO_SUCH_CALL), JF_OK) << bob_to_carol.problem;
    ASSERT_TRUE(heard(carol, "refused 2 8"));
}

TEST_P(Replaced, AKernelThatKnowsNothingOfItHearsOfOrdinaryCallsAlone)
{
    establish();
    const std::string named = name();
    MemoryLink third(JF_STREAM);
    SessionUnderTest dave(plugin, third.path(0), kCarol, kBob, "Dave");
    SessionUnderTest older(plugin, third.path(1), kBob, kCarol, "Bob", nullptr, false);
    ASSERT_EQ(dave.invite_referred(2, "alice-account", named), JF_OK);
    ASSERT_TRUE(heard(dave, "refused 2 8"));
    EXPECT_EQ(older.log.all(), "");
    ASSERT_EQ(dave.invite_referred(4, "alice-account", ""), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return older.log.has_prefix("invited "); }));
    EXPECT_TRUE(older.log.events[0].ends_with(" Dave")) << older.log.all();
    dave.release();
    older.release();
}

INSTANTIATE_TEST_SUITE_P(Signaling, Alive, ::testing::ValuesIn(plugins()), name_of_test);
INSTANTIATE_TEST_SUITE_P(Signaling, Replaced, ::testing::ValuesIn(plugins()), name_of_test);

} // namespace
} // namespace jackfield::signaling_test
