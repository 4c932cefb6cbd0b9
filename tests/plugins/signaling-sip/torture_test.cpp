// What a stranger may send: every message here either is understood or ends the stream with a sentence; nothing
// crashes, hangs or grows.
//
// Threads: the test's thread is control.
#include "sip_rig.hpp"

namespace jackfield::sip::testing {
namespace {

using SipStranger = OneSession;

/// Sends one text to a fresh session and waits until it has been dealt with. What happened.
std::string outcome(const std::string& text)
{
    FakeHost host(Clock::manual);
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE);
    MemoryLink link(JF_STREAM);
    TextPeer peer(link.path(0));
    SessionUnderTest bob(plugin, link.path(1), kBob, kAlice);
    RequestText probe;
    probe.method = "OPTIONS";
    probe.call_id = "probe";
    probe.branch = "z9hG4bKprobe";
    for (std::size_t at = 0; at < text.size(); at += 60000)
        peer.send(std::string_view(text).substr(at, 60000));
    peer.send(probe.text());
    EXPECT_TRUE(host.run_until([&] { return peer.got("Call-ID: probe") || bob.log.has_prefix("closed"); }))
        << text.substr(0, 300);
    const std::string answer = peer.text();
    std::string result = bob.log.all();
    if (!bob.log.has_prefix("closed"))
        result += answer.substr(0, answer.find('\r'));
    else
        EXPECT_FALSE(bob.log.texts.back().empty());
    bob.release();
    return result;
}

std::string with(std::string text, const std::string& what, const std::string& instead)
{
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), instead);
}

TEST(SipTorture, MalformedMessagesEndTheStreamWithBadInput)
{
    const std::string invite = invite_text().text();
    const std::vector<std::string> messages = {
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        std::string(64, '\0') + "\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", // the begin of TLS
        "INVITE\r\nContent-Length: 0\r\n\r\n",
        "INVITE  sip:b SIP/2.0\r\nContent-Length: 0\r\n\r\n",
        "INVITE sip:b SIP/2.0 \r\nContent-Length: 0\r\n\r\n",
        "SIP/2.0\r\nContent-Length: 0\r\n\r\n",
        with(invite, "INVITE sip", "IN(VITE sip"),
        with(invite, "Via: SIP/2.0/TLS peer.invalid;branch=z9hG4bK1\r\n", ""),
        with(invite, "z9hG4bK1", "1"), // the branch of an older standard
        with(invite, ";branch=z9hG4bK1", ""),
        with(invite, ";branch=z9hG4bK1", ";branch"),
        with(invite, "Via: SIP/2.0/TLS peer.invalid", "Via: nonsense"),
        with(invite, "From: ", "Form: "),
        with(invite, ";tag=at", ""),
        with(invite, "To: ", "Two: "),
        with(invite, "Call-ID: call-1\r\n", ""),
        with(invite, "Call-ID: call-1", "Call-ID: @"),
        with(invite, "CSeq: 1 INVITE\r\n", ""),
        with(invite, "CSeq: 1 INVITE", "CSeq: 1 BYE"),
        with(invite, "CSeq: 1 INVITE", "CSeq: -1 INVITE"),
        with(invite, "CSeq: 1 INVITE", "CSeq: 99999999999999 INVITE"),
        with(invite, "CSeq: 1 INVITE", "CSeq: 2147483648 INVITE"),
        with(invite, "CSeq: 1 INVITE", "CSeq: INVITE"),
        with(invite, "CSeq: 1 INVITE", "CSeq: 1 INVITE\r\nCSeq: 2 INVITE"),
        with(invite, "Call-ID: call-1", "Call-ID: call-1\r\nCall-ID: call-2"),
        with(invite, "From: \"Alice\"", "From: \"Alice"),
        with(invite, "From: \"Alice\"", "From: \"\xc3\x28\""),
        with(invite, "From: \"Alice\"", "From: \"Al\nice\""),
        "SIP/2.0 99 Low\r\n" + invite.substr(invite.find("Via")),
        "SIP/2.0 700 High\r\n" + invite.substr(invite.find("Via")),
        "SIP/2.0 999999999999 Huge\r\n" + invite.substr(invite.find("Via")),
        "SIP/2.0 -200 Minus\r\n" + invite.substr(invite.find("Via")),
        "SIP/2.0 2x0 Letters\r\n" + invite.substr(invite.find("Via")),
        "SIP/2.0 200\r\n" + invite.substr(invite.find("Via")),
        "SIP/3.0 200 OK\r\n" + invite.substr(invite.find("Via")),
        "SIP/2.0 200 No tag\r\n" + invite.substr(invite.find("Via")),
    };
    for (const auto& message : messages)
        EXPECT_EQ(outcome(message), "closed -8; ") << message.substr(0, 400);
}

TEST(SipTorture, UnusualMessagesAreUnderstood)
{
    const std::string invite = invite_text().text();
    const std::string taken = "invited 1 Alice; SIP/2.0 100 Trying";
    EXPECT_EQ(outcome(invite), taken);
    // Compact names, strange case, blanks, folding: RFC 3261 section 7.3.
    EXPECT_EQ(outcome(with(invite, "From:", "f  :")), taken);
    EXPECT_EQ(outcome(with(invite, "Via:", "vIA :\r\n ")), taken);
    EXPECT_EQ(outcome(with(invite, "Call-ID:", "i:")), taken);
    EXPECT_EQ(outcome(with(invite, "Contact:", "m\t:")), taken);
    EXPECT_EQ(outcome(with(invite, "CSeq: 1 INVITE", "CSeq: 0001  INVITE")), taken);
    EXPECT_EQ(outcome(with(invite, "application/sdp", "Application/SDP ; charset=utf-8")), taken);
    EXPECT_EQ(outcome("\r\n\r\n\r\n" + invite), taken);
    // Things that look like other things.
    EXPECT_EQ(outcome(with(invite, "\"Alice\"", "\"Alice\\\"<sip:mallory@x>\\\\\"")),
              "invited 1 Alice\"<sip:mallory@x>\\; SIP/2.0 100 Trying");
    EXPECT_EQ(outcome(with(invite, "\"Alice\" ", "")), "invited 1 ; SIP/2.0 100 Trying");
    EXPECT_EQ(outcome(with(invite, "Max-Forwards: 70", "Max-Forwards: 0")), taken);
    EXPECT_EQ(outcome(with(invite, "Max-Forwards: 70", "X-New: \"((((;;;<<<,,,\r\nY: \xe2\x82\xac")), taken);
    EXPECT_EQ(outcome(with(invite, "Max-Forwards: 70", "Record-Route: <sip:p1.invalid;lr>\r\nRoute: <sip:p2.invalid>")),
              taken);
    EXPECT_EQ(outcome(with(invite, "alice-account@", "%61lice-account@")), taken);
    EXPECT_EQ(outcome(with(invite, "peer.invalid;branch", "[2001:db8::1]:5061;rport;alias;branch")), taken);
}

TEST(SipTorture, CannotSmuggleHeadersThroughEscapes)
{
    const std::string invite = invite_text().text();
    FakeHost host(Clock::manual);
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE);
    MemoryLink link(JF_STREAM);
    TextPeer peer(link.path(0));
    SessionUnderTest bob(plugin, link.path(1), kBob, kAlice);
    std::string evil = with(invite, "To: <sip:bob-account@", "To: <sip:bob%0d%0aEvil:%20yes@");
    evil = with(evil, "Contact: <sip:alice-device@", "Contact: <sip:x%0d%0aEvil:%20yes@");
    peer.send(evil);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has("invited 1 Alice"); }));
    ASSERT_EQ(bob.refuse(1, JF_REASON_BUSY), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return peer.got("SIP/2.0 486"); }));
    EXPECT_FALSE(peer.got("\nEvil")) << peer.text();
    bob.release();
}

TEST(SipTorture, DeepAndLongThingsEndInOrder)
{
    const std::string invite = invite_text().text();
    const auto repeat = [](const std::string& part, int times) {
        std::string all;
        for (int i = 0; i < times; ++i)
            all += part;
        return all;
    };
    EXPECT_EQ(outcome(with(invite, "Max-Forwards: 70", "Deep: " + repeat("(<\"", 3000))),
              "invited 1 Alice; SIP/2.0 100 Trying");
    EXPECT_EQ(outcome(with(invite, "Max-Forwards: 70",
                           repeat("Via: SIP/2.0/TLS p.invalid;branch=z9hG4bKx\r\n", 100) + "Max-Forwards: 70")),
              "invited 1 Alice; SIP/2.0 100 Trying");
    EXPECT_EQ(outcome(with(invite, "Max-Forwards: 70", "Big: " + std::string(20000, 'x'))), "closed -8; ");
    EXPECT_EQ(outcome(std::string(100000, 'x')), "closed -8; ");
    EXPECT_EQ(outcome(repeat("\r\n", 50000) + invite), "invited 1 Alice; SIP/2.0 100 Trying");
    EXPECT_EQ(outcome(with(invite, "sip:bob-device", "sip:" + std::string(8000, 'b'))),
              "invited 1 Alice; SIP/2.0 100 Trying");
    EXPECT_EQ(outcome(with(invite, "Max-Forwards: 70", "Contact: " + repeat("<sip:a@b>,", 1000) + "<sip:c@d>")),
              "invited 1 Alice; SIP/2.0 100 Trying");

    RequestText media = invite_text();
    media.body = kSdp + repeat("m=audio 4000 RTP/AVP 0\r\n", 1000);
    EXPECT_EQ(outcome(media.text()), "SIP/2.0 100 Trying"); // and then 488
    media.body = kSdp + repeat("a=x\r\n", 3000);
    EXPECT_EQ(outcome(media.text()), "SIP/2.0 100 Trying");
    media.body = "v=0\r\no=- 1 1 IN IP4 1\r\ns=\xff\xfe\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\n";
    EXPECT_EQ(outcome(media.text()), "SIP/2.0 100 Trying");

    RequestText message;
    message.method = "MESSAGE";
    message.content_type = "multipart/mixed;boundary=a";
    message.body = repeat("--a\r\nContent-Type: multipart/mixed;boundary=a\r\n\r\n", 1000);
    EXPECT_EQ(outcome(message.text()), "message 0; SIP/2.0 200 OK");
}

TEST(SipTorture, EveryPrefixOfAnInviteFollowedByItsEndIsHarmless)
{
    FakeHost host(Clock::manual);
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE);
    const std::string invite = invite_text().text();
    for (std::size_t cut = 0; cut < invite.size(); cut += 3) {
        MemoryLink link(JF_STREAM);
        SessionUnderTest bob(plugin, link.path(1), kBob, kAlice);
        {
            TextPeer peer(link.path(0));
            if (cut > 0)
                peer.send(std::string_view(invite).substr(0, cut));
        }
        ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("closed"); }));
        EXPECT_EQ(bob.log.all(), cut == 0 ? "closed -13; " : "closed -8; ") << cut;
        bob.release();
    }
}

TEST_F(SipStranger, AWholeCallArrivesByteByByte)
{
    for (const char c : invite_text().text())
        peer.send(std::string_view(&c, 1));
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.refuse(1, JF_REASON_BUSY), JF_OK);
    ASSERT_TRUE(got("SIP/2.0 486"));
}

TEST_F(SipStranger, ManyMessagesArriveAtOnce)
{
    std::string all;
    for (int i = 0; i < 100; ++i) {
        RequestText text;
        text.method = "MESSAGE";
        text.call_id = std::to_string(i);
        text.branch = "z9hG4bK" + std::to_string(i);
        text.content_type = "text/plain";
        text.body = std::to_string(i);
        all += text.text();
    }
    peer.send(all);
    ASSERT_TRUE(host.run_until([&] { return bob.log.bodies.size() == 100; }));
    EXPECT_EQ(bob.log.bodies[99].second, "99");
}

TEST_F(SipStranger, AMalformedMessageDoesNotUndoTheOneBefore)
{
    peer.send(invite_text().text() + "nonsense\r\nContent-Length: 0\r\n\r\n" + invite_text().text());
    ASSERT_TRUE(heard("closed -8"));
    EXPECT_EQ(bob.log.all(), "invited 1 Alice; closed -8; ");
    EXPECT_NE(bob.log.texts.back().find("malformed SIP"), std::string::npos) << bob.log.texts.back();
    EXPECT_EQ(bob.answer(1), JF_CLOSED);
    ASSERT_TRUE(host.run_until([&] { return peer.is_closed(); }));
}

TEST(SipTorture, WritesNothingToTheOutputOfTheProgram)
{
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    outcome("INVITE sip: SIP/2.0\r\nVia: broken\r\nContent-Length: 0\r\n\r\n");
    std::fflush(stdout);
    EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

} // namespace
} // namespace jackfield::sip::testing
