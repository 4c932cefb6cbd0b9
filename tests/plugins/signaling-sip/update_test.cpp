// New media in a running call, in both directions, at once, refused, taken back.
//
// Threads: the test's thread is control.
#include "sip_rig.hpp"

namespace jackfield::sip::testing {
namespace {

using SipUpdate = TwoSessions;

TEST_F(SipUpdate, OfTheCallerIsAnswered)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "updated 1"));
    EXPECT_FALSE(bob.log.json["updated"].empty());
    ASSERT_EQ(bob.answer_update(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "update_answered 2"));
    ASSERT_TRUE(seen("A ACK", 2));
    EXPECT_EQ(ladder.steps(), "A INVITE, B 100, B 200, A ACK, A INVITE, B 100, B 200, A ACK");
}

TEST_F(SipUpdate, OfTheCalleeIsAnswered)
{
    establish();
    ASSERT_EQ(bob.update(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "updated 2"));
    ASSERT_EQ(alice.answer_update(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "update_answered 1"));
}

TEST_F(SipUpdate, GrowsTheVersionOfTheOrigin)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_TRUE(seen("A INVITE", 2));
    const std::string first = ladder.text_of("A INVITE");
    EXPECT_NE(first.find(" 0 IN IP4 0.0.0.0"), std::string::npos) << first;
    ASSERT_TRUE(heard(bob, "updated 1"));
}

TEST_F(SipUpdate, CanBeRefused)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(bob.answer_update(1, ""), JF_OK);
    ASSERT_TRUE(heard(alice, "update_refused 2"));
    EXPECT_TRUE(ladder.has("B 488"));
    ASSERT_EQ(alice.update(2), JF_OK); // the next one may come
    ASSERT_TRUE(
        host.run_until([&] { return std::count(bob.log.events.begin(), bob.log.events.end(), "updated 1") == 2; }));
}

TEST_F(SipUpdate, IsOneAtATime)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    EXPECT_EQ(alice.update(2), JF_BAD_INPUT); // not running yet
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited"); }));
    ASSERT_EQ(bob.answer(1), JF_OK);
    EXPECT_EQ(bob.update(1), JF_BUSY); // the answer is not acknowledged
    ASSERT_TRUE(heard(bob, "confirmed 1"));
    ASSERT_EQ(alice.update(2), JF_OK);
    EXPECT_EQ(alice.update(2), JF_BUSY);
    ASSERT_TRUE(heard(bob, "updated 1"));
    EXPECT_EQ(bob.update(1), JF_BUSY);
    ASSERT_EQ(bob.answer_update(1), JF_OK);
    EXPECT_EQ(bob.answer_update(1), JF_CANCELLED);
    ASSERT_TRUE(heard(alice, "update_answered 2"));
    ASSERT_EQ(alice.update(2), JF_OK);
}

TEST_F(SipUpdate, OfBothAtOnceIsTriedAgainAndBothComeThrough)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_EQ(bob.update(1), JF_OK);
    ASSERT_TRUE(seen("A 491"));
    ASSERT_TRUE(seen("B 491"));
    ASSERT_TRUE(seen("A ACK", 2));
    ASSERT_TRUE(seen("B ACK", 1));
    host.run_pending();
    EXPECT_EQ(alice.update(2), JF_BUSY); // it waits to be sent again
    EXPECT_FALSE(alice.log.has("updated 2"));

    host.advance(std::chrono::milliseconds(2001)); // Bob, who did not place the call, goes first
    ASSERT_TRUE(heard(alice, "updated 2"));
    host.advance(std::chrono::milliseconds(2000)); // Alice's turn comes while Bob's offer is open: it waits
    EXPECT_EQ(ladder.count("A INVITE"), 2U);
    ASSERT_EQ(alice.answer_update(2), JF_OK);
    ASSERT_TRUE(heard(bob, "update_answered 1"));
    ASSERT_TRUE(heard(alice, "update_refused 2")); // it was made for what the call is no more
    ASSERT_EQ(alice.update(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(bob.answer_update(1), JF_OK);
    ASSERT_TRUE(heard(alice, "update_answered 2"));
}

TEST_F(SipUpdate, ThatWaitedForAnAcceptedOfferOfThePeerIsOutdatedAtOnce)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_EQ(bob.update(1), JF_OK);
    ASSERT_TRUE(seen("A ACK", 2));
    ASSERT_TRUE(seen("B ACK", 1));
    host.run_pending();
    host.advance(std::chrono::milliseconds(2001));
    ASSERT_TRUE(heard(alice, "updated 2"));
    ASSERT_EQ(alice.answer_update(2), JF_OK);
    ASSERT_TRUE(heard(alice, "update_refused 2"))
        << "without waiting for its turn, which comes after 2.1 s at the least";
    EXPECT_EQ(ladder.count("A INVITE"), 2U);
}

TEST_F(SipUpdate, EndsTheCallWhenItsAnswerIsNotAcknowledged)
{
    establish();
    ladder.drop([](int end, const std::string& text) { return end == 0 && text.starts_with("ACK"); });
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(bob.answer_update(1), JF_OK);
    ASSERT_TRUE(heard(alice, "update_answered 2"));
    host.advance(std::chrono::milliseconds(31999));
    host.run_pending();
    EXPECT_FALSE(bob.log.has("ended 1 7")) << "a link may stand still for a while";
    host.advance(std::chrono::milliseconds(2));
    ASSERT_TRUE(heard(bob, "ended 1 7"));
    ASSERT_TRUE(heard(alice, "ended 2 7"));
}

TEST_F(SipUpdate, EndsTheCallWhenThePeerDoesNotReact)
{
    establish();
    ladder.drop([](int end, const std::string&) { return end == 0; });
    ASSERT_EQ(alice.update(2), JF_OK);
    host.advance(std::chrono::milliseconds(32001));
    ASSERT_TRUE(heard(alice, "ended 2 7"));
}

TEST_F(SipUpdate, GoesAwayWithTheCall)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_TRUE(heard(bob, "ended 1 0"));
    EXPECT_EQ(bob.answer_update(1), JF_NOT_FOUND);
    ASSERT_TRUE(seen("B 487"));
    ASSERT_TRUE(seen("A ACK", 2));
}

TEST_F(SipUpdate, IsRefusedWhenTheCalleeHangsUpInstead)
{
    establish();
    ASSERT_EQ(alice.update(2), JF_OK);
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 2 0"));
    host.run_pending();
    EXPECT_TRUE(ladder.has("B 487"));
}

using SipPeerUpdate = OneSession;

const std::string kPlainAnswer =
    R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"PCMU","clock_rate_hz":8000}]}]})";

class SipRunningCall : public OneSession {
protected:
    explicit SipRunningCall(bool hears_moves = false) : OneSession("{}", hears_moves) {}

    void SetUp() override
    {
        peer.send(invite_text().text());
        ASSERT_TRUE(heard("invited 1 Alice"));
        ASSERT_EQ(bob.answer(1, kPlainAnswer), JF_OK) << bob.problem;
        ASSERT_TRUE(got("SIP/2.0 200"));
        send("ACK", "1", "z9hG4bK-ack");
        ASSERT_TRUE(heard("confirmed 1"));
    }

    void send(const std::string& method, const std::string& cseq, const std::string& branch,
              const std::string& body = {})
    {
        RequestText request;
        request.method = method;
        request.cseq = cseq;
        request.branch = branch;
        request.to_tag = bobs_tag();
        if (!body.empty())
            request.content_type = "application/sdp";
        request.body = body;
        peer.send(request.text());
    }
};

TEST_F(SipRunningCall, HearsNothingOfAnUpdateWithoutOffer)
{
    send("INVITE", "2", "z9hG4bK-2");
    ASSERT_TRUE(got("SIP/2.0 488"));
    EXPECT_FALSE(bob.log.has_prefix("updated"));
}

TEST_F(SipRunningCall, AnswersASecondOfferBeforeTheFirstIsAnsweredWith500)
{
    send("INVITE", "2", "z9hG4bK-2", kSdp);
    ASSERT_TRUE(heard("updated 1"));
    send("INVITE", "3", "z9hG4bK-3", kSdp);
    ASSERT_TRUE(got("SIP/2.0 500"));
    EXPECT_TRUE(peer.got("Retry-After: "));
    ASSERT_EQ(bob.answer_update(1, kPlainAnswer), JF_OK);
}

TEST_F(SipRunningCall, LetsThePeerTakeItsOfferBack)
{
    send("INVITE", "2", "z9hG4bK-2", kSdp);
    ASSERT_TRUE(heard("updated 1"));
    RequestText cancel;
    cancel.method = "CANCEL";
    cancel.cseq = "2";
    cancel.branch = "z9hG4bK-2";
    cancel.to_tag = bobs_tag();
    peer.send(cancel.text());
    ASSERT_TRUE(got("SIP/2.0 487"));
    EXPECT_EQ(bob.answer_update(1, kPlainAnswer), JF_CANCELLED);
    EXPECT_FALSE(bob.log.has_prefix("ended"));
    ASSERT_EQ(bob.bye(1), JF_OK);
}

TEST_F(SipRunningCall, RefusesRequestsOutOfOrder)
{
    send("INFO", "7", "z9hG4bK-7");
    ASSERT_TRUE(got("CSeq: 7 INFO"));
    send("BYE", "6", "z9hG4bK-6");
    ASSERT_TRUE(got("CSeq: 6 BYE"));
    EXPECT_TRUE(peer.got("SIP/2.0 500"));
    EXPECT_FALSE(bob.log.has_prefix("ended"));
    send("BYE", "8", "z9hG4bK-8");
    ASSERT_TRUE(heard("ended 1 0"));
}

/// A running call of the peer's, and a second link to it.
class SipCallOnTwoLinks : public SipRunningCall {
protected:
    SipCallOnTwoLinks()
        : SipRunningCall(true),
          second_link_(JF_STREAM),
          second_peer_(second_link_.path(0)),
          second_(plugin, second_link_.path(1), kBob, kAlice, "Bob", nullptr, true, true)
    {}
    ~SipCallOnTwoLinks() override { second_.release(); }

    void offer_there(const std::string& cseq)
    {
        RequestText request = invite_text();
        request.cseq = cseq;
        request.branch = "z9hG4bK-there-" + cseq;
        request.to_tag = bobs_tag();
        second_peer_.send(request.text());
    }

    MemoryLink second_link_;
    TextPeer second_peer_;
    SessionUnderTest second_;
};

TEST_F(SipCallOnTwoLinks, GoesWhereThePeerSaysTheNextWord)
{
    offer_there("3");
    ASSERT_TRUE(host.run_until([&] { return second_.log.has("updated 1"); })) << second_.log.all();
    EXPECT_TRUE(second_.log.has("taken_over 1 1")) << second_.log.all();
}

TEST_F(SipCallOnTwoLinks, IsNotTakenBackByAWordThatWasOnItsWayForLonger)
{
    offer_there("3");
    ASSERT_TRUE(host.run_until([&] { return second_.log.has("updated 1"); })) << second_.log.all();
    send("INVITE", "2", "z9hG4bK-2", kSdp);
    ASSERT_TRUE(got("CSeq: 2 INVITE"));
    EXPECT_TRUE(peer.got("SIP/2.0 481"));
    EXPECT_FALSE(bob.log.has_prefix("taken_over")) << bob.log.all();
    EXPECT_EQ(second_.answer_update(1, kPlainAnswer), JF_OK) << second_.problem;
}

} // namespace
} // namespace jackfield::sip::testing
