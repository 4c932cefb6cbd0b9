// Messages that cross on the way: CANCEL and 200, BYE and answers, and what a peer says twice.
//
// Threads: the test's thread is control.
#include "sip_rig.hpp"

namespace jackfield::sip::testing {
namespace {

using SipCrossing = TwoSessions;
using SipPeer = OneSession;

std::string answer_to_invite(const std::string& invite, const std::string& code, const std::string& sdp = {})
{
    const auto line = [&](const std::string& name) {
        const std::size_t at = invite.rfind("\r\n" + name + ": ");
        return invite.substr(at + 2, invite.find("\r\n", at + 2) - at);
    };
    std::string to = line("To");
    to.insert(to.size() - 2, ";tag=pt");
    return "SIP/2.0 " + code + " Text\r\n" + line("Via") + line("From") + to + line("Call-ID") + line("CSeq") +
           "Contact: <sip:alice-device@peer.invalid>\r\n" + (sdp.empty() ? "" : "Content-Type: application/sdp\r\n") +
           "Content-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
}

TEST_F(SipCrossing, CancelAndAnswerCross)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_TRUE(seen("B 100"));
    ASSERT_EQ(alice.cancel(2), JF_OK);
    ASSERT_EQ(bob.answer(1), JF_OK); // Bob has not read the CANCEL yet
    ASSERT_TRUE(heard(bob, "ended 1 0"));
    EXPECT_TRUE(bob.log.has("confirmed 1"));
    ASSERT_TRUE(heard(alice, "refused 2 4 200"));
    EXPECT_EQ(ladder.count("A BYE"), 1U);
    EXPECT_FALSE(alice.log.has("answered 2"));
}

/// RFC 3261 section 9.1: whichever leaves first, the 200 stands, and is acknowledged and ended.
TEST_F(SipCrossing, CancelAndAnswerCrossInEitherOrder)
{
    for (const bool cancel_first : {true, false}) {
        const std::uint64_t ours = cancel_first ? 2 : 4;
        const std::uint64_t theirs = cancel_first ? 1 : 3;
        const auto times = [&](const char* step) { return ladder.count(step); };
        const auto cancels = times("A CANCEL");
        const auto acks = times("A ACK");
        const auto byes = times("A BYE");
        const auto successes = times("B 200");
        ASSERT_EQ(alice.invite(ours), JF_OK);
        ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited " + std::to_string(theirs)); }));
        ASSERT_TRUE(host.run_until([&] { return times("B 100") == (cancel_first ? 1U : 2U); }));
        host.run_pending();
        if (cancel_first) {
            ASSERT_EQ(alice.cancel(ours), JF_OK);
        }
        ASSERT_EQ(bob.answer(theirs), JF_OK);
        if (!cancel_first) {
            ASSERT_EQ(alice.cancel(ours), JF_OK);
        }
        ASSERT_TRUE(heard(alice, "refused " + std::to_string(ours) + " 4 200"));
        ASSERT_TRUE(heard(bob, "ended " + std::to_string(theirs) + " 0"));
        ASSERT_TRUE(host.run_until([&] { return times("B 200") == successes + 3; }))
            << ladder.steps() << ": of INVITE, CANCEL and BYE";
        EXPECT_EQ(times("A CANCEL"), cancels + 1);
        EXPECT_EQ(times("A ACK"), acks + 1);
        EXPECT_EQ(times("A BYE"), byes + 1);
        EXPECT_EQ(times("B 487"), 0U);
        EXPECT_EQ(alice.bye(ours), JF_NOT_FOUND);
        EXPECT_EQ(bob.bye(theirs), JF_NOT_FOUND);
    }
}

TEST_F(SipPeer, AnswersACancelThatComesAfterTheAnswer)
{
    peer.send(invite_text().text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(
        bob.answer(1,
                   R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"PCMU","clock_rate_hz":8000}]}]})"),
        JF_OK)
        << bob.problem;
    RequestText cancel;
    cancel.method = "CANCEL";
    peer.send(cancel.text());
    ASSERT_TRUE(got("CSeq: 1 CANCEL"));
    RequestText ack;
    ack.method = "ACK";
    ack.to_tag = bobs_tag();
    ack.branch = "z9hG4bK2";
    peer.send(ack.text());
    ASSERT_TRUE(heard("confirmed 1"));
    EXPECT_FALSE(bob.log.has_prefix("cancelled"));
    EXPECT_FALSE(peer.got("SIP/2.0 487"));
}

TEST_F(SipPeer, AcknowledgesARepeatedAnswerAgain)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    const std::string invite = peer.text();
    peer.send(answer_to_invite(invite, "200", kSdp));
    ASSERT_TRUE(heard("answered 2"));
    peer.send(answer_to_invite(invite, "200", kSdp));
    ASSERT_TRUE(settled());
    const std::string all = peer.text();
    std::size_t acks = 0;
    for (std::size_t at = all.find("ACK sip:"); at != std::string::npos; at = all.find("ACK sip:", at + 1))
        ++acks;
    EXPECT_EQ(acks, 2U) << all;
    EXPECT_EQ(bob.log.all(), "answered 2; ");
}

TEST_F(SipPeer, EndsACallThatIsAnsweredAfterItWasGivenUp)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    const std::string invite = peer.text();
    ASSERT_EQ(bob.cancel(2), JF_OK);
    host.run_pending();
    host.advance(std::chrono::milliseconds(5001));
    ASSERT_TRUE(heard("refused 2 4 0"));
    peer.send(answer_to_invite(invite, "200", kSdp));
    ASSERT_TRUE(got("ACK sip:alice-device@peer.invalid"));
    ASSERT_TRUE(got("BYE sip:alice-device@peer.invalid"));
    EXPECT_EQ(bob.log.all(), "refused 2 4 0; ");
}

TEST_F(SipPeer, EndsACallWhoseAnswerIsNoSdp)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    peer.send(answer_to_invite(peer.text(), "200", "v=0\r\nnonsense\r\n"));
    ASSERT_TRUE(heard("refused 2 6 200"));
    ASSERT_TRUE(got("ACK sip:"));
    ASSERT_TRUE(got("BYE sip:"));
    EXPECT_NE(bob.log.texts.back().find("SDP"), std::string::npos);
}

TEST_F(SipPeer, EndsACallWhoseAnswerHasOtherLinesThanTheOffer)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    peer.send(answer_to_invite(peer.text(), "200", kSdp + "m=video 5000 RTP/SAVP 96\r\na=rtpmap:96 VP8/90000\r\n"));
    ASSERT_TRUE(heard("refused 2 6 200"));
    ASSERT_TRUE(got("BYE sip:"));
}

TEST_F(SipPeer, EndsACallThatIsAnsweredWithoutSdp)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    peer.send(answer_to_invite(peer.text(), "200"));
    ASSERT_TRUE(heard("refused 2 6 200"));
    ASSERT_TRUE(got("BYE sip:"));
}

TEST_F(SipPeer, UsesTheEarlyAnswerIfTheFinalOneHasNone)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    const std::string invite = peer.text();
    peer.send(answer_to_invite(invite, "183", kSdp));
    ASSERT_TRUE(heard("ringing 2"));
    peer.send(answer_to_invite(invite, "200"));
    ASSERT_TRUE(heard("answered 2"));
    EXPECT_EQ(bob.log.json["answered"], bob.log.json["ringing"]);
}

TEST_F(SipPeer, RingsEvenIfTheEarlyAnswerIsNonsense)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    const std::string invite = peer.text();
    peer.send(answer_to_invite(invite, "180", "nonsense"));
    ASSERT_TRUE(heard("ringing 2"));
    EXPECT_EQ(bob.log.json["ringing"], "");
    peer.send(answer_to_invite(invite, "200", kSdp));
    ASSERT_TRUE(heard("answered 2"));
}

TEST_F(SipPeer, HearsEveryRefusalOfThePeer)
{
    const std::vector<std::pair<std::string, std::uint32_t>> refusals = {
        {"486", JF_REASON_BUSY},           {"600", JF_REASON_BUSY},      {"603", JF_REASON_DECLINED},
        {"480", JF_REASON_NO_ANSWER},      {"408", JF_REASON_NO_ANSWER}, {"488", JF_REASON_NOT_ACCEPTABLE},
        {"415", JF_REASON_NOT_ACCEPTABLE}, {"487", JF_REASON_CANCELLED}, {"302", JF_REASON_FAILED},
        {"481", JF_REASON_NO_SUCH_CALL},   {"500", JF_REASON_FAILED},    {"699", JF_REASON_FAILED}};
    std::uint64_t call = 0;
    for (const auto& [code, reason] : refusals) {
        call += 2;
        const std::size_t before = peer.text().size();
        ASSERT_EQ(bob.invite(call), JF_OK);
        ASSERT_TRUE(host.run_until([&] { return peer.text().find("a=candidate", before) != std::string::npos; }));
        peer.send(answer_to_invite(peer.text(), code));
        ASSERT_TRUE(heard("refused " + std::to_string(call) + " " + std::to_string(reason) + " " + code));
    }
}

TEST_F(SipPeer, IsNotDisturbedByAnswersToNothing)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    std::string stray = answer_to_invite(peer.text(), "180");
    stray.replace(stray.find("branch=z9hG4bK") + 14, 4, "!!!!");
    peer.send(stray);
    ASSERT_TRUE(settled());
    EXPECT_EQ(bob.log.all(), "");
}

TEST_F(SipPeer, TakesAByeBeforeTheAcknowledgement)
{
    peer.send(invite_text().text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(
        bob.answer(1,
                   R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"PCMU","clock_rate_hz":8000}]}]})"),
        JF_OK);
    ASSERT_TRUE(got("SIP/2.0 200"));
    RequestText bye;
    bye.method = "BYE";
    bye.cseq = "2";
    bye.branch = "z9hG4bK2";
    bye.to_tag = bobs_tag();
    peer.send(bye.text());
    ASSERT_TRUE(heard("ended 1 0"));
    ASSERT_TRUE(got("CSeq: 2 BYE"));
}

TEST_F(SipPeer, TakesAByeOfTheCallerWhileItRings)
{
    peer.send(invite_text().text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(got("SIP/2.0 180"));
    RequestText bye;
    bye.method = "BYE";
    bye.cseq = "2";
    bye.branch = "z9hG4bK2";
    bye.to_tag = bobs_tag();
    peer.send(bye.text());
    ASSERT_TRUE(heard("cancelled 1 4"));
    ASSERT_TRUE(got("SIP/2.0 487"));
}

TEST_F(SipPeer, TakesAByeOfTheCalleeWhileItRings)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(got("\r\na=crypto"));
    const std::string invite = peer.text();
    peer.send(answer_to_invite(invite, "180"));
    ASSERT_TRUE(heard("ringing 2"));
    RequestText bye;
    bye.method = "BYE";
    bye.from_tag = "pt";
    const std::size_t tag = invite.find(";tag=") + 5;
    bye.to_tag = invite.substr(tag, invite.find("\r\n", tag) - tag);
    const std::size_t id = invite.find("Call-ID: ") + 9;
    bye.call_id = invite.substr(id, invite.find("\r\n", id) - id);
    peer.send(bye.text());
    ASSERT_TRUE(heard("refused 2 1 0"));
    peer.send(answer_to_invite(invite, "487")); // still acknowledged
    ASSERT_TRUE(got("ACK sip:"));
}

} // namespace
} // namespace jackfield::sip::testing
