// What every signaling plugin promises, whatever its wire: calls as the kernel hears them on both sides.
//
// Threads: the test's thread is control.
#include "signaled.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::signaling_test {
namespace {

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
    int outdated = 0;
    const auto answer_at_once = [&outdated](SessionUnderTest& session, const std::string& number) {
        session.log.react = [&session, &outdated, number](const std::string& event) {
            if (event == "updated " + number) {
                EXPECT_EQ(session.answer_update(std::stoull(number)), JF_OK) << session.problem;
            }
            if (event == "update_refused " + number) { // what it was made for is no more: another is made
                ++outdated;
                EXPECT_EQ(session.update(std::stoull(number)), JF_OK) << session.problem;
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
    EXPECT_EQ(outdated, 1);
}

TEST_P(Signaled, WhatWaitsForAnOfferThatIsRefusedGoesOutAsItWas)
{
    establish();
    const auto refuse_at_once = [](SessionUnderTest& session, const std::string& number) {
        session.log.react = [&session, number](const std::string& event) {
            if (event == "updated " + number) {
                EXPECT_EQ(session.answer_update(std::stoull(number), ""), JF_OK) << session.problem;
            }
        };
    };
    refuse_at_once(alice, "2");
    refuse_at_once(bob, "1");
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_EQ(bob.update(1), JF_OK);
    for (int i = 0; i < 100 && !(alice.log.has("updated 2") && bob.log.has("updated 1")); ++i) {
        settle();
        host.advance(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(alice.log.has("updated 2")) << alice.log.all();
    EXPECT_TRUE(bob.log.has("updated 1")) << bob.log.all();
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

INSTANTIATE_TEST_SUITE_P(Signaling, Signaled, ::testing::ValuesIn(plugins()), name_of_test);

} // namespace
} // namespace jackfield::signaling_test
