// Requests of a peer that is not our own program: what is taken, what is refused and how (RFC 3261 section 8.2).
//
// Threads: the test's thread is control.
#include "sip_rig.hpp"

namespace jackfield::sip::testing {
namespace {

using SipPeer = OneSession;
using SipDelivery = TwoSessions;

RequestText request(const std::string& method)
{
    RequestText text;
    text.method = method;
    return text;
}

TEST_F(SipPeer, LearnsAbilitiesByOptions)
{
    peer.send(request("OPTIONS").text());
    ASSERT_TRUE(got("SIP/2.0 200 OK"));
    EXPECT_TRUE(peer.got("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO") || peer.got("Allow: INVITE"))
        << peer.text();
    EXPECT_TRUE(peer.got("Accept: application/sdp")) << peer.text();
}

TEST_F(SipPeer, IsToldWhichMethodsThereAre)
{
    peer.send(request("REGISTER").text());
    ASSERT_TRUE(got("SIP/2.0 405"));
    RequestText unknown = request("DANCE");
    unknown.branch = "z9hG4bK2";
    peer.send(unknown.text());
    ASSERT_TRUE(got("SIP/2.0 501"));
    EXPECT_TRUE(peer.got("Allow: "));
}

TEST_F(SipPeer, MayNotSpeakInAnothersName)
{
    RequestText lie = invite_text();
    lie.from_user = "mallory";
    peer.send(lie.text());
    ASSERT_TRUE(got("SIP/2.0 403"));
    EXPECT_FALSE(bob.log.has_prefix("invited"));
    lie = request("MESSAGE");
    lie.from_user = "mallory";
    lie.branch = "z9hG4bK2";
    lie.content_type = "text/plain";
    lie.body = "hi";
    peer.send(lie.text());
    ASSERT_TRUE(settled());
    EXPECT_TRUE(bob.log.events.empty()) << bob.log.all();
}

TEST_F(SipPeer, MayUseAnyHostAndAnyRequestUri)
{
    std::string text = invite_text().text();
    text.replace(text.find("sip:bob-device@jackfield.invalid"), 32, "sips:198.51.100.7:41990");
    const std::size_t from = text.find("<sip:alice-account@jackfield.invalid>");
    text.replace(from, 37, "<sip:alice-account@ring.dht>");
    peer.send(text);
    ASSERT_TRUE(heard("invited 1 Alice"));
}

TEST_F(SipPeer, GetsTryingAtOnce)
{
    peer.send(invite_text().text());
    ASSERT_TRUE(got("SIP/2.0 100 Trying"));
    EXPECT_TRUE(bob.log.has("invited 1 Alice")); // in the same turn
}

/// RFC 3891 section 3.
TEST_F(SipPeer, NamesOneCallToBeReplacedAndOnlyInAnInvite)
{
    int calls = 0;
    const auto send = [&](const std::string& method, const std::string& more) {
        RequestText text = method == "INVITE" ? invite_text() : RequestText{};
        text.method = method;
        text.call_id = "replacing-" + std::to_string(++calls);
        text.branch = "z9hG4bKr" + std::to_string(calls);
        text.more = more;
        peer.send(text.text());
    };
    const std::string whole = "Replaces: c@h;to-tag=1;from-tag=2\r\n";
    for (const auto& [method, more] : std::vector<std::pair<std::string, std::string>>{
             {"INVITE", "Replaces: c\r\n"},
             {"INVITE", "Replaces: c;to-tag=1\r\n"},
             {"INVITE", "Replaces: " + std::string(600, 'c') + ";to-tag=1;from-tag=2\r\n"},
             {"INVITE", whole + "Replaces: d;to-tag=1;from-tag=2\r\n"},
             {"OPTIONS", whole}}) {
        send(method, more);
        const std::string id = "Call-ID: replacing-" + std::to_string(calls);
        ASSERT_TRUE(got(id));
        ASSERT_TRUE(settled());
        const std::string all = peer.text();
        const std::size_t last = all.rfind(id);
        EXPECT_EQ(all.substr(all.rfind("SIP/2.0 ", last) + 8, 3), "400") << method << " " << more;
    }
    EXPECT_EQ(bob.log.all(), "");
    send("INVITE", "Require: replaces, norefersub\r\nReferred-By: <sip:boss@example.net>\r\n" + whole);
    ASSERT_TRUE(heard("invited 1 Alice by sip:boss@example.net"));
    EXPECT_EQ(bob.log.replaces, "c@h;to-tag=1;from-tag=2");
    ASSERT_EQ(bob.refuse(1, JF_REASON_NO_SUCH_CALL), JF_OK);
    ASSERT_TRUE(got("SIP/2.0 481"));
}

TEST_F(SipPeer, IsRefusedWhatItRequires)
{
    RequestText text = invite_text();
    text.more = "Require: 100rel, replaces\r\nRequire: timer\r\n";
    peer.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 420"));
    EXPECT_TRUE(peer.got("Unsupported: 100rel, timer")) << peer.text();
}

TEST_F(SipPeer, IsRefusedAnotherVersionOrScheme)
{
    RequestText text = request("OPTIONS");
    text.version = "SIP/3.0";
    peer.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 505"));
    text = request("OPTIONS");
    text.branch = "z9hG4bK2";
    text.uri = "tel:+12345678";
    peer.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 416"));
}

TEST_F(SipPeer, IsRefusedAnInviteThatCannotBeUsed)
{
    RequestText text = invite_text();
    text.body.clear();
    text.content_type.clear();
    peer.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 488"));

    text = invite_text();
    text.branch = "z9hG4bK2";
    text.call_id = "call-2";
    text.content_type = "text/plain";
    peer.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 415"));

    text = invite_text();
    text.branch = "z9hG4bK3";
    text.call_id = "call-3";
    text.more = "Contact: <tel:1234>\r\nContent-Encoding: gzip\r\n";
    peer.send(text.text());
    ASSERT_TRUE(got("Accept-Encoding: identity"));

    text = invite_text();
    text.branch = "z9hG4bK4";
    text.call_id = "call-4";
    text.body =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    peer.send(text.text());
    ASSERT_TRUE(got("neither audio nor video"));
    EXPECT_TRUE(bob.log.events.empty()) << bob.log.all();
}

TEST_F(SipPeer, NeedsAContactInAnInvite)
{
    std::string text = invite_text().text();
    const std::size_t contact = text.find("Contact: ");
    text.erase(contact, text.find("\r\n", contact) + 2 - contact);
    peer.send(text);
    ASSERT_TRUE(got("SIP/2.0 400"));
}

TEST_F(SipPeer, CannotSpeakInADialogThatIsNot)
{
    for (const char* method : {"BYE", "INFO", "MESSAGE", "OPTIONS", "INVITE"}) {
        RequestText text = request(method);
        text.to_tag = "nobody";
        text.branch = std::string("z9hG4bK") + method;
        peer.send(text.text());
        ASSERT_TRUE(got(std::string("CSeq: 1 ") + method));
    }
    const std::string all = peer.text();
    std::size_t count = 0;
    for (std::size_t at = all.find("SIP/2.0 481"); at != std::string::npos; at = all.find("SIP/2.0 481", at + 1))
        ++count;
    EXPECT_EQ(count, 5U) << all;
}

TEST_F(SipPeer, CannotHangUpOrCancelWhatItDidNotBegin)
{
    peer.send(request("BYE").text());
    ASSERT_TRUE(got("SIP/2.0 481"));
    RequestText cancel = request("CANCEL");
    cancel.branch = "z9hG4bK2";
    peer.send(cancel.text());
    ASSERT_TRUE(got("CSeq: 1 CANCEL"));
    EXPECT_TRUE(bob.log.events.empty());
}

TEST_F(SipPeer, GetsNoAnswerToAnAck)
{
    peer.send(request("ACK").text());
    RequestText other = request("ACK");
    other.to_tag = "nobody";
    peer.send(other.text());
    ASSERT_TRUE(settled());
    EXPECT_FALSE(peer.got("CSeq: 1 ACK"));
}

TEST_F(SipPeer, CannotUseOneCallIdForTwoCalls)
{
    peer.send(invite_text().text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    RequestText merged = invite_text(); // the same request by another way: section 8.2.2.2
    merged.branch = "z9hG4bK2";
    peer.send(merged.text());
    ASSERT_TRUE(got("SIP/2.0 482"));
    RequestText second = invite_text();
    second.branch = "z9hG4bK3";
    second.cseq = "2";
    peer.send(second.text());
    ASSERT_TRUE(got("CSeq: 2 INVITE"));
    EXPECT_EQ(bob.log.all(), "invited 1 Alice; ");
}

TEST_F(SipPeer, GetsTheLastAnswerAgainIfItRepeatsAnInvite)
{
    peer.send(invite_text().text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(got("SIP/2.0 180"));
    const std::size_t before = peer.text().size();
    peer.send(invite_text().text());
    ASSERT_TRUE(host.run_until([&] { return peer.text().find("SIP/2.0 180", before) != std::string::npos; }));
    EXPECT_EQ(bob.log.all(), "invited 1 Alice; ");
}

TEST_F(SipPeer, IsBusyBeyondTheLimitOfCalls)
{
    for (int i = 1; i <= 17; ++i) {
        RequestText text = invite_text();
        text.call_id = "call-" + std::to_string(i);
        text.branch = "z9hG4bK" + std::to_string(i);
        peer.send(text.text());
    }
    ASSERT_TRUE(got("SIP/2.0 486"));
    EXPECT_EQ(bob.log.events.size(), 16U);
}

TEST_F(SipPeer, IsCutOffWithTooManyRequestsOpen)
{
    for (int i = 1; i <= 65; ++i) { // each refused, none acknowledged
        RequestText text = invite_text();
        text.from_user = "mallory";
        text.call_id = "call-" + std::to_string(i);
        text.branch = "z9hG4bK" + std::to_string(i);
        peer.send(text.text());
    }
    ASSERT_TRUE(heard("closed -12"));
    ASSERT_TRUE(host.run_until([&] { return peer.is_closed(); }));
}

TEST_F(SipPeer, NeedsNotAcknowledgeARefusalForEver)
{
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 40; ++i) {
            RequestText text = invite_text();
            text.from_user = "mallory";
            text.call_id = std::to_string(round) + "-" + std::to_string(i);
            text.branch = "z9hG4bK" + text.call_id;
            peer.send(text.text());
        }
        ASSERT_TRUE(settled());
        host.advance(std::chrono::milliseconds(5001)); // timer H
    }
    EXPECT_TRUE(bob.log.events.empty()) << bob.log.all();
}

TEST_F(SipPeer, KeepsItsNameFromTheContactIfFromHasNone)
{
    std::string text = invite_text().text();
    text.erase(text.find("\"Alice\" "), 8);
    const std::size_t contact = text.find("Contact: ") + 9;
    text.insert(contact, "Alice of Contact ");
    peer.send(text);
    ASSERT_TRUE(heard("invited 1 Alice of Contact"));
}

TEST_F(SipPeer, AsksWhetherWeAreThereByEmptyInfo)
{
    peer.send(request("INFO").text());
    ASSERT_TRUE(got("SIP/2.0 200"));
    EXPECT_TRUE(bob.log.events.empty());
}

TEST_F(SipPeer, IsToldWhenItsMessageIsNotTaken)
{
    const std::vector<std::pair<Status, std::string>> statuses = {
        {JF_OK, "200"},      {JF_UNSUPPORTED, "415"}, {JF_BUSY, "486"},     {JF_NOT_FOUND, "404"},
        {JF_REFUSED, "403"}, {JF_BAD_INPUT, "400"},   {JF_INTERNAL, "500"}, {JF_EXHAUSTED, "503"}};
    for (const auto& [status, code] : statuses) {
        bob.log.delivery_status = status;
        RequestText text = request("MESSAGE");
        text.branch = "z9hG4bK" + code;
        text.call_id = code;
        text.content_type = "text/plain";
        text.body = "hi";
        peer.send(text.text());
        ASSERT_TRUE(got("SIP/2.0 " + code));
    }
}

TEST_F(SipPeer, MaySendParametersAndMultipartBodies)
{
    RequestText text = request("MESSAGE");
    text.content_type = "x-ring/ring.profile.vcard;id=1234%2cpart%3d1%2cof%3d2";
    text.body = "BEGIN:VCARD";
    peer.send(text.text());
    ASSERT_TRUE(heard("message 0"));
    EXPECT_EQ(bob.log.bodies.back().first, text.content_type);

    text.branch = "z9hG4bK2";
    text.call_id = "2";
    text.content_type = "multipart/mixed;boundary=xyz";
    text.body = "--xyz\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xyz--\r\n";
    peer.send(text.text());
    ASSERT_TRUE(host.run_until([&] { return bob.log.bodies.size() == 2; }));
    EXPECT_EQ(bob.log.bodies.back().second, text.body);
}

TEST_F(SipDelivery, OfTextOutsideACall)
{
    alice.message(0, "text/plain;charset=utf-8", "Grüße");
    ASSERT_TRUE(heard(bob, "message 0"));
    EXPECT_EQ(bob.log.bodies[0].first, "text/plain;charset=utf-8");
    EXPECT_EQ(bob.log.bodies[0].second, "Grüße");
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses[0], JF_OK);
}

TEST_F(SipDelivery, OfTextAndInfoInACallInBothDirections)
{
    establish();
    alice.message(2, "text/plain", "to bob");
    bob.info(1, "application/media_control+xml", "<media_control/>");
    ASSERT_TRUE(heard(bob, "message 1"));
    ASSERT_TRUE(heard(alice, "info 2"));
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 1 && bob.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses[0], JF_OK);
    EXPECT_EQ(bob.done_statuses[0], JF_OK);
}

TEST_F(SipDelivery, WaitsUntilThePeerKnowsTheDialogAndThenGoesInOrder)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    for (const char* text : {"1", "2", "3"})
        alice.info(2, "text/plain", text);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited"); }));
    bob.info(1, "text/plain", "from bob");
    host.run_pending();
    EXPECT_EQ(ladder.steps(), "A INVITE, B 100");
    EXPECT_TRUE(alice.done_statuses.empty());
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 3 && bob.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses, (std::vector<Status>{JF_OK, JF_OK, JF_OK}));
    EXPECT_EQ(bob.done_statuses[0], JF_OK);
    ASSERT_EQ(bob.log.bodies.size(), 3U);
    EXPECT_EQ(bob.log.bodies[0].second + bob.log.bodies[1].second + bob.log.bodies[2].second, "123");
    EXPECT_EQ(alice.log.bodies[0].second, "from bob");
    EXPECT_TRUE(alice.log.has("info 2"));
}

TEST_F(SipDelivery, WaitsForTheAnswerIfNobodyRings)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    alice.message(2, "text/plain", "early");
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited"); }));
    ASSERT_EQ(bob.answer(1), JF_OK);
    ASSERT_TRUE(heard(bob, "message 1"));
    EXPECT_TRUE(bob.log.has("confirmed 1"));
}

TEST_F(SipDelivery, EndsWithTheCallThatNeverReachedThePeer)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    for (int i = 0; i < 65; ++i)
        alice.info(2, "text/plain", "x");
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses[0], JF_EXHAUSTED);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited"); }));
    ASSERT_EQ(bob.refuse(1, JF_REASON_BUSY), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 65; }));
    EXPECT_EQ(std::count(alice.done_statuses.begin(), alice.done_statuses.end(), JF_CLOSED), 64);
    EXPECT_TRUE(bob.log.bodies.empty());
}

TEST_F(SipDelivery, OfLargeAndBinaryBodies)
{
    std::string body(60000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i)
        body[i] = static_cast<char>(i * 7);
    alice.message(0, "application/octet-stream", body);
    ASSERT_TRUE(heard(bob, "message 0"));
    EXPECT_EQ(bob.log.bodies[0].second, body);
    alice.message(0, "application/octet-stream", std::string(65000, 'x'));
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 2; }));
    EXPECT_EQ(std::count(alice.done_statuses.begin(), alice.done_statuses.end(), JF_BAD_INPUT), 1);
}

TEST_F(SipDelivery, IsDoneOnlyOnTheAnswer)
{
    ladder.drop([](int end, const std::string&) { return end == 1; });
    alice.message(0, "text/plain", "lost");
    ASSERT_TRUE(heard(bob, "message 0"));
    host.run_pending();
    EXPECT_TRUE(alice.done_statuses.empty());
    host.advance(std::chrono::milliseconds(5001));
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses[0], JF_TIMEOUT);
}

TEST_F(SipDelivery, IsRefusedWithTheStatusOfTheOtherSide)
{
    bob.log.delivery_status = JF_UNSUPPORTED;
    alice.info(0, "text/strange", "x");
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses[0], JF_REFUSED);
    EXPECT_NE(alice.done_text.find("415"), std::string::npos);
}

TEST_F(SipDelivery, TakesNoContentTypeThatCouldBeAHeader)
{
    alice.message(0, "text/plain\r\nEvil: yes", "x");
    alice.message(0, "", "x");
    alice.message(6, "text/plain", "x"); // no such call
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 3; }));
    EXPECT_EQ(alice.done_statuses, (std::vector<Status>{JF_BAD_INPUT, JF_BAD_INPUT, JF_NOT_FOUND}));
    EXPECT_EQ(ladder.steps(), "");
}

} // namespace
} // namespace jackfield::sip::testing
