// What every signaling plugin promises, whatever its wire: calls as the kernel hears them on both sides.
//
// Threads: the test's thread is control.
#include "signaling_rig.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace jackfield::signaling_test {
namespace {

std::vector<std::string> plugins()
{
    std::vector<std::string> ids;
    std::stringstream list(JACKFIELD_SIGNALING_PLUGINS);
    for (std::string id; std::getline(list, id, ',');)
        ids.push_back(id);
    return ids;
}

/// The parts of an event with a code of the wire at its end, without it: "refused 2 4".
bool has_event(const ListenerLog& log, const std::string& event)
{
    return log.has(event) || log.has_prefix(event + " ");
}

class Signaled : public ::testing::TestWithParam<std::string> {
protected:
    ~Signaled() override
    {
        alice.release();
        bob.release();
    }

    ::testing::AssertionResult heard(SessionUnderTest& session, const std::string& event)
    {
        if (host.run_until([&] { return has_event(session.log, event); }))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no \"" << event << "\" among: " << session.log.all();
    }

    void invited()
    {
        ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
        ASSERT_TRUE(heard(bob, "invited 1"));
    }

    /// A running call of Alice's, number 2 there and 1 at Bob's.
    void establish()
    {
        invited();
        ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
        ASSERT_TRUE(heard(alice, "answered 2"));
        ASSERT_TRUE(heard(bob, "confirmed 1"));
    }

    /// Everything that is on its way arrives: a message there and its receipt back.
    void settle()
    {
        const auto before = alice.done_statuses.size();
        alice.message(0, "text/plain", "are you there?");
        ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() > before; }));
    }

    FakeHost host{Clock::manual};
    InstanceUnderTest<jf_signaling_methods> plugin{host, JACKFIELD_TEST_PLUGIN_DIR, GetParam(), JF_SIGNALING_INTERFACE,
                                                   "{}"};
    MemoryLink link{JF_STREAM};
    SessionUnderTest alice{plugin, link.path(0), kAlice, kBob, "Alice \"A\" Ö"};
    SessionUnderTest bob{plugin, link.path(1), kBob, kAlice, "Bob"};
};

nlohmann::json parsed(const std::string& text)
{
    return nlohmann::json::parse(text, nullptr, false);
}

TEST_P(Signaled, TheCalleeMayHangUpAndEitherSideMayCall)
{
    establish();
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 2 0"));
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(heard(alice, "invited 1 Bob"));
    ASSERT_EQ(alice.answer(1), JF_OK);
    ASSERT_TRUE(heard(bob, "answered 2"));
    ASSERT_TRUE(heard(alice, "confirmed 1"));
}

TEST_P(Signaled, TheAnswerMayComeEarlyWithTheRinging)
{
    invited();
    ASSERT_EQ(bob.ring(1, kAnswer), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "ringing 2"));
    EXPECT_EQ(parsed(alice.log.json["ringing"])["media"], parsed(kAnswer)["media"]);
    ASSERT_EQ(bob.answer(1, kAnswer), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 2"));
    EXPECT_EQ(alice.log.json["answered"], alice.log.json["ringing"]);
}

TEST_P(Signaled, EveryReasonToRefuseReachesTheCaller)
{
    std::uint64_t call = 2;
    std::uint64_t there = 1;
    for (const std::uint32_t reason :
         {JF_REASON_DECLINED, JF_REASON_BUSY, JF_REASON_NO_ANSWER, JF_REASON_NOT_ACCEPTABLE, JF_REASON_FAILED}) {
        ASSERT_EQ(alice.invite(call), JF_OK) << alice.problem;
        ASSERT_TRUE(heard(bob, "invited " + std::to_string(there)));
        ASSERT_EQ(bob.refuse(there, reason), JF_OK) << bob.problem;
        ASSERT_TRUE(heard(alice, "refused " + std::to_string(call) + " " + std::to_string(reason)));
        EXPECT_EQ(bob.bye(there), JF_NOT_FOUND);
        EXPECT_EQ(alice.cancel(call), JF_NOT_FOUND);
        call += 2;
        there += 2;
    }
    ASSERT_EQ(alice.invite(call), JF_OK);
    ASSERT_TRUE(heard(bob, "invited " + std::to_string(there)));
    EXPECT_EQ(bob.refuse(there, JF_REASON_ELSEWHERE), JF_BAD_INPUT) << "that refuses nothing";
    EXPECT_EQ(bob.refuse(there, JF_REASON_BUSY), JF_OK);
}

TEST_P(Signaled, AnAnswerThatCrossesTheCancelEndsTheCallForBoth)
{
    invited();
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    ASSERT_EQ(bob.answer(1), JF_OK);
    ASSERT_EQ(alice.cancel(2), JF_OK);
    ASSERT_TRUE(heard(alice, "refused 2 4"));
    ASSERT_TRUE(heard(bob, "ended 1"));
    settle();
    EXPECT_FALSE(has_event(alice.log, "answered 2"));
    EXPECT_FALSE(has_event(bob.log, "cancelled 1"));
}

/// The other order: Bob has not read the cancel when he answers.
TEST_P(Signaled, ACancelThatCrossesTheAnswerEndsTheCallForBoth)
{
    invited();
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    ASSERT_EQ(alice.cancel(2), JF_OK);
    ASSERT_EQ(bob.answer(1), JF_OK);
    ASSERT_TRUE(heard(alice, "refused 2 4"));
    ASSERT_TRUE(heard(bob, "ended 1"));
    settle();
    EXPECT_FALSE(has_event(alice.log, "answered 2"));
    EXPECT_FALSE(has_event(bob.log, "cancelled 1"));
    EXPECT_EQ(alice.bye(2), JF_NOT_FOUND) << "no call is left";
    EXPECT_EQ(bob.bye(1), JF_NOT_FOUND);
}

TEST_P(Signaled, ACancelThatIsReadFirstLeavesNothingToAnswer)
{
    invited();
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    ASSERT_EQ(alice.cancel(2), JF_OK);
    ASSERT_TRUE(heard(bob, "cancelled 1"));
    EXPECT_EQ(bob.answer(1), JF_NOT_FOUND);
    ASSERT_TRUE(heard(alice, "refused 2 4"));
    EXPECT_EQ(alice.bye(2), JF_NOT_FOUND);
}

TEST_P(Signaled, ACallerThatHangsUpBeforeTheAnswerHearsNoMore)
{
    invited();
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_TRUE(heard(bob, "cancelled 1"));
    settle();
    EXPECT_EQ(alice.log.all(), "ringing 2; ");
    EXPECT_EQ(alice.cancel(2), JF_NOT_FOUND);
}

TEST_P(Signaled, ACalleeThatHangsUpBeforeItTookTheCallRefusesIt)
{
    invited();
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "refused 2 1"));
}

TEST_P(Signaled, WhenBothHangUpTogetherNeitherIsDisturbed)
{
    establish();
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_EQ(bob.bye(1), JF_OK);
    settle();
    EXPECT_EQ(alice.log.all(), "answered 2; ");
    EXPECT_EQ(bob.log.all(), "invited 1 Alice \"A\" Ö; confirmed 1; message 0; ");
}

TEST_P(Signaled, ThePeerHearsWhyItIsHungUp)
{
    establish();
    ASSERT_EQ(alice.bye(2, JF_REASON_FAILED), JF_OK);
    ASSERT_TRUE(heard(bob, "ended 1 7"));
}

TEST_P(Signaled, CallsLiveBesideEachOther)
{
    establish();
    ASSERT_EQ(alice.invite(4), JF_OK);
    ASSERT_TRUE(heard(bob, "invited 3"));
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(heard(alice, "invited 1"));
    ASSERT_EQ(bob.answer(3), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 4"));
    ASSERT_EQ(alice.refuse(1, JF_REASON_BUSY), JF_OK);
    ASSERT_TRUE(heard(bob, "refused 2 2"));
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_TRUE(heard(bob, "ended 1"));
    EXPECT_EQ(bob.bye(3), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 4"));
}

TEST_P(Signaled, ACallNeedsAnEvenNumberThatIsNotInUseAndADescription)
{
    EXPECT_EQ(alice.invite(0), JF_BAD_INPUT);
    EXPECT_EQ(alice.invite(3), JF_BAD_INPUT);
    for (const char* nonsense : {"", "{", "[]", "{}", R"({"media":[]})", R"({"media":[{"kind":"smell","codecs":[]}]})"})
        EXPECT_EQ(alice.invite(2, nonsense), JF_BAD_INPUT) << nonsense;
    ASSERT_EQ(alice.invite(2), JF_OK);
    EXPECT_EQ(alice.invite(2), JF_BAD_INPUT);
}

TEST_P(Signaled, VerbsOutOfTurnAreRefused)
{
    EXPECT_EQ(alice.answer(1), JF_NOT_FOUND);
    EXPECT_EQ(alice.update(2), JF_NOT_FOUND);
    invited();
    EXPECT_EQ(alice.update(2), JF_BAD_INPUT) << "it does not run yet";
    EXPECT_EQ(alice.answer(2), JF_BAD_INPUT);
    EXPECT_EQ(bob.cancel(1), JF_BAD_INPUT);
    ASSERT_EQ(bob.answer(1), JF_OK);
    EXPECT_EQ(bob.ring(1), JF_BAD_INPUT);
    EXPECT_EQ(bob.answer(1), JF_BAD_INPUT);
    EXPECT_NE(bob.answer_update(1), JF_OK) << "nothing was offered";
}

TEST_P(Signaled, AnAnswerMustFitItsOffer)
{
    invited();
    auto two = parsed(kAnswer);
    two["media"].push_back(two["media"][0]);
    EXPECT_EQ(bob.answer(1, two.dump()), JF_BAD_INPUT);
    EXPECT_EQ(bob.answer(1, "nonsense"), JF_BAD_INPUT);
    EXPECT_EQ(bob.answer(1), JF_OK) << "and nothing is lost";
}

TEST_P(Signaled, ThereIsALimitOfCalls)
{
    for (std::uint64_t call = 2; call <= 32; call += 2)
        ASSERT_EQ(alice.invite(call), JF_OK) << alice.problem;
    EXPECT_EQ(alice.invite(34), JF_EXHAUSTED);
    ASSERT_TRUE(heard(bob, "invited 31"));
}

TEST_P(Signaled, VerbsMayBeCalledFromInsideAnEvent)
{
    bob.log.react = [&](const std::string& event) {
        if (event.starts_with("invited 1")) {
            EXPECT_EQ(bob.ring(1), JF_OK);
            EXPECT_EQ(bob.answer(1), JF_OK);
        }
        if (event == "confirmed 1") {
            EXPECT_EQ(bob.bye(1), JF_OK);
        }
    };
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 2"));
    EXPECT_EQ(alice.log.all(), "ringing 2; answered 2; ended 2 0; ");
}

// --- new media -------------------------------------------------------------------------------------------------------

TEST_P(Signaled, NewMediaOfEitherSideAreAnswered)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK) << alice.problem;
    EXPECT_EQ(alice.update(2), JF_BUSY);
    ASSERT_TRUE(heard(bob, "updated 1"));
    EXPECT_EQ(parsed(bob.log.json["updated"])["media"], parsed(kOffer)["media"]);
    ASSERT_EQ(bob.answer_update(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "update_answered 2"));
    settle();
    ASSERT_EQ(bob.update(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "updated 2"));
    ASSERT_EQ(alice.answer_update(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "update_answered 1"));
}

TEST_P(Signaled, WhenBothOfferAtOnceBothComeThrough)
{
    establish();
    const auto answer_at_once = [](SessionUnderTest& session, const std::string& number) {
        session.log.react = [&session, number](const std::string& event) {
            if (event == "updated " + number) {
                EXPECT_EQ(session.answer_update(std::stoull(number)), JF_OK) << session.problem;
            }
        };
    };
    answer_at_once(alice, "2");
    answer_at_once(bob, "1");
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_EQ(bob.update(1), JF_OK);
    // SIP waits for a random while, which is at most four seconds (RFC 3261 section 14.1).
    for (int i = 0; i < 100 && !(alice.log.has("update_answered 2") && bob.log.has("update_answered 1")); ++i) {
        settle();
        host.advance(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(alice.log.has("update_answered 2")) << alice.log.all();
    EXPECT_TRUE(bob.log.has("update_answered 1")) << bob.log.all();
    EXPECT_TRUE(alice.log.has("updated 2"));
    EXPECT_TRUE(bob.log.has("updated 1"));
}

TEST_P(Signaled, AnOpenOfferGoesWithItsCall)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 2"));
    EXPECT_EQ(bob.answer_update(1), JF_NOT_FOUND);
    EXPECT_FALSE(alice.log.has("update_answered 2"));
}

// --- beside the call -------------------------------------------------------------------------------------------------

TEST_P(Signaled, AMessageNeedsATypeAndFits)
{
    alice.message(0, "plain", "x");
    alice.message(0, "text/plain", std::string(70000, 'x'));
    alice.message(8, "text/plain", "no such call");
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 3; }));
    EXPECT_EQ(alice.done_statuses, (std::vector<Status>{JF_BAD_INPUT, JF_BAD_INPUT, JF_NOT_FOUND}));
    EXPECT_TRUE(bob.log.events.empty());
}

// --- handed on -------------------------------------------------------------------------------------------------------

TEST_P(Signaled, ACallIsHandedOnByEitherSide)
{
    establish();
    bob.refer(1, "carol-account");
    ASSERT_TRUE(heard(alice, "referred 2 carol-account by bob-account"));
    ASSERT_TRUE(host.run_until([&] { return bob.done_statuses.size() == 1; }));
    EXPECT_EQ(bob.done_statuses[0], JF_OK);
    ASSERT_EQ(alice.refer_progress(2, 180, "it rings"), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "refer_progressed 1 180"));
    EXPECT_EQ(bob.log.texts.back(), "it rings");
    EXPECT_EQ(alice.refer_progress(2, 99), JF_BAD_INPUT);
    EXPECT_EQ(alice.refer_progress(2, 700), JF_BAD_INPUT);
    ASSERT_EQ(alice.refer_progress(2, 200), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "refer_progressed 1 200"));
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 2 0"));
}

TEST_P(Signaled, AWishThatIsNotAnsweredEndsWithItsCallOrItsTime)
{
    establish();
    link.set_filter([](int, Bytes&) { return false; });
    alice.refer(2, "carol-account");
    host.advance(std::chrono::milliseconds(5000));
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses[0], JF_TIMEOUT);
    alice.refer(2, "carol-account");
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 2; }));
    EXPECT_EQ(alice.done_statuses[1], JF_CLOSED);
}

TEST_P(Signaled, APeerThatFallsSilentAboutItHasSaidItsLastWord)
{
    establish();
    alice.refer(2, "carol-account");
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    ASSERT_EQ(bob.refer_progress(1, 180), JF_OK);
    ASSERT_TRUE(heard(alice, "refer_progressed 2 180"));
    host.advance(std::chrono::seconds(179));
    EXPECT_FALSE(alice.log.has("refer_progressed 2 0"));
    host.advance(std::chrono::seconds(2));
    ASSERT_TRUE(heard(alice, "refer_progressed 2 0"));
}

TEST_P(Signaled, WhoIsAskedTooOftenRefuses)
{
    establish();
    for (int i = 0; i < 16; ++i) {
        alice.refer(2, "carol-account");
        ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
        bob.log.events.clear();
        ASSERT_EQ(bob.refer_progress(1, 603), JF_OK) << i << bob.problem;
        ASSERT_TRUE(heard(alice, "refer_progressed 2 603"));
        alice.log.events.clear();
    }
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 16; }));
    alice.refer(2, "carol-account");
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 17; }));
    EXPECT_EQ(alice.done_statuses.back(), JF_REFUSED);
    EXPECT_FALSE(bob.log.has_prefix("referred"));
}

// --- a sign of life
// ---------------------------------------------------------------------------------------------------

TEST_P(Signaled, APeerThatIsThereShowsASignOfLifeAndOneThatIsNotDoesNot)
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

// --- the end ---------------------------------------------------------------------------------------------------------

TEST_P(Signaled, AnAnswerThatIsNeverConfirmedEndsTheCall)
{
    invited();
    link.set_filter([](int end, Bytes&) { return end != 0; }); // alice's words get lost
    ASSERT_EQ(bob.answer(1), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 2"));
    host.advance(std::chrono::milliseconds(5000));
    ASSERT_TRUE(heard(bob, "ended 1 7"));
    ASSERT_TRUE(heard(alice, "ended 2"));
}

TEST_P(Signaled, ACallFailsIfThePeerShowsNoSignOfLifeAndRingsAsLongAsItLikesIfItDoes)
{
    invited();
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    link.set_filter([](int, Bytes&) { return false; });
    ASSERT_EQ(alice.invite(4), JF_OK);
    host.advance(std::chrono::milliseconds(32000));
    ASSERT_TRUE(heard(alice, "refused 4 7"));
    EXPECT_FALSE(alice.log.has_prefix("refused 2"));
}

TEST_P(Signaled, ACancelThatIsNeverTakenEndsTheCallHere)
{
    invited();
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    link.set_filter([](int, Bytes&) { return false; });
    ASSERT_EQ(alice.cancel(2), JF_OK);
    host.advance(std::chrono::milliseconds(5000));
    ASSERT_TRUE(heard(alice, "refused 2 4"));
}

TEST_P(Signaled, NeedsAStream)
{
    MemoryLink datagrams(JF_DATAGRAM);
    EXPECT_THROW(SessionUnderTest(plugin, datagrams.path(0), kAlice, kBob), Failure);
}

std::string name_of_test(const ::testing::TestParamInfo<std::string>& test)
{
    std::string name = test.param;
    std::erase(name, '-');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Signaling, Signaled, ::testing::ValuesIn(plugins()), name_of_test);
INSTANTIATE_TEST_SUITE_P(Signaling, Replaced, ::testing::ValuesIn(plugins()), name_of_test);

} // namespace
} // namespace jackfield::signaling_test
