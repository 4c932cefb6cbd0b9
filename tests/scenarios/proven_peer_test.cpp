// Peers that are who they say they are and mean no good: what they say over a proven link is bounded by stated limits,
// they are cut off, nothing of it is kept, and the next honest call goes through.
//
// Threads: the test's; the attacker is a node in this process, the attacked a process.

#include "raw_sip.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

namespace {

using namespace scenarios;

constexpr std::size_t kMostMessage = 65'536; // max_message_bytes of signaling-sip

class ProvenPeer : public ::testing::Test {
protected:
    ProvenPeer()
    {
        world_.configure("mallory", {.slots = {{"identity", {{"use", "identity-memory"}}}}});
        world_.configure("alice");
        world_.configure("bob");
        account_ = world_.account("bob");
        bob_ = world_.listen("bob", {"--answer"});
        expect_call_goes_through(); // whatever a first call needs is there before anything is measured
        before_kib_ = resident_kib(bob_->pid());
    }

    std::unique_ptr<RawSipPeer> mallory() { return std::make_unique<RawSipPeer>(world_.folder() / "mallory.json"); }

    void expect_call_goes_through()
    {
        const auto alice = world_.call("alice", account_, {"--audio-only", "--for", "0.1"});
        EXPECT_EQ(alice->exit_code(), 0) << alice->call_end(1s);
    }

    void expect_no_growth(long most_kib = 8 * 1024)
    {
        const long now_kib = resident_kib(bob_->pid());
        EXPECT_LT(now_kib - before_kib_, most_kib) << before_kib_ << " KiB before, " << now_kib << " after";
    }

    /// A request in the attacker's own name, which is in form.
    static std::string request(const RawSipPeer& peer, const std::string& method, int number,
                               const std::string& body = "")
    {
        std::string text =
            fmt::format("{0} sip:bob@jackfield.invalid SIP/2.0\r\n"
                        "Via: SIP/2.0/TLS m.invalid;branch=z9hG4bK{1}\r\nMax-Forwards: 70\r\n"
                        "From: <sip:{2}@jackfield.invalid>;tag=t{1}\r\nTo: <sip:bob@jackfield.invalid>\r\n"
                        "Call-ID: call-{1}\r\nCSeq: 1 {0}\r\n"
                        "Contact: <sip:m@m.invalid;transport=tls>\r\n",
                        method, number, peer.account());
        if (!body.empty())
            text += "Content-Type: application/sdp\r\n";
        return text + fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
    }

    World world_;
    std::string account_;
    std::unique_ptr<Process> bob_;
    long before_kib_ = 0;
};

TEST_F(ProvenPeer, WhoseHeadHasNoEndIsCutOffAtTheLimit)
{
    for (int i = 0; i < 3; ++i) {
        const auto peer = mallory();
        ASSERT_TRUE(peer->dial(account_));
        peer->say("INVITE sip:bob@jackfield.invalid SIP/2.0\r\nX: " + std::string(32 << 20, 'x'));
        EXPECT_TRUE(peer->is_cut_off());
    }
    expect_no_growth();
    expect_call_goes_through();
}

TEST_F(ProvenPeer, WhoseMessageIsGiantIsCutOffBeforeItIsSent)
{
    const auto peer = mallory();
    ASSERT_TRUE(peer->dial(account_));
    peer->say(fmt::format("MESSAGE sip:bob@jackfield.invalid SIP/2.0\r\nContent-Length: {}\r\n\r\n", kMostMessage + 1));
    EXPECT_TRUE(peer->is_cut_off());
    expect_no_growth();
    expect_call_goes_through();
}

TEST_F(ProvenPeer, WhoseMessageIsNoneIsCutOff)
{
    for (const char* nonsense :
         {"\1\2\3\4 not at all\r\n\r\n", "INVITE\r\n\r\n", "SIP/2.0 999999999999 no\r\nContent-Length: -5\r\n\r\n",
          "OPTIONS sip:b SIP/2.0\r\nContent-Length: 0\r\nContent-Length: 7\r\n\r\n"}) {
        const auto peer = mallory();
        ASSERT_TRUE(peer->dial(account_));
        peer->say(nonsense);
        EXPECT_TRUE(peer->is_cut_off()) << nonsense;
    }
    expect_call_goes_through();
}

TEST_F(ProvenPeer, WhoStopsInTheMiddleOfAMessageHoldsUpNobody)
{
    const auto peer = mallory();
    ASSERT_TRUE(peer->dial(account_));
    const std::string whole = request(*peer, "OPTIONS", 1);
    ASSERT_TRUE(peer->say(whole.substr(0, whole.size() / 2)));
    expect_call_goes_through();
    ASSERT_TRUE(peer->say(whole.substr(whole.size() / 2)));
    EXPECT_TRUE(peer->hears("SIP/2.0 200")) << peer->heard();
}

TEST_F(ProvenPeer, WhoSpeaksByteByByteIsUnderstood)
{
    const auto peer = mallory();
    ASSERT_TRUE(peer->dial(account_));
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(peer->say(request(*peer, "OPTIONS", i), 1));
    EXPECT_TRUE(peer->hears("CSeq: 1 OPTIONS"));
    expect_no_growth();
    expect_call_goes_through();
}

TEST_F(ProvenPeer, WhoMixesRequestsOfManyCallsIsAnsweredOrCutOff)
{
    const auto peer = mallory();
    ASSERT_TRUE(peer->dial(account_));
    std::string all;
    for (int i = 0; i < 2000; ++i) {
        const char* const methods[] = {"INVITE", "CANCEL", "BYE", "ACK", "OPTIONS", "INFO", "MESSAGE"};
        all += request(*peer, methods[i % 7], i % 97);
    }
    peer->say(all, 777);
    EXPECT_TRUE(peer->is_cut_off(1s) || peer->hears("SIP/2.0 4"));
    expect_no_growth();
    expect_call_goes_through();
}

TEST_F(ProvenPeer, WhoInvitesAThousandTimesRingsOnce)
{
    const std::string sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                            "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
                            "m=audio 9 RTP/SAVP 96\r\na=rtpmap:96 opus/48000/2\r\na=rtcp-mux\r\n"
                            "a=candidate:1 1 UDP 2130706431 127.0.0.1 9 typ host\r\n"
                            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c29tZSBrZXkgYW5kIHNhbHQgb2YgMzAgYnl0ZXMh\r\n";
    {
        const auto peer = mallory();
        ASSERT_TRUE(peer->dial(account_));
        const auto invite = [&](int from, int to) {
            std::string all;
            for (int i = from; i < to; ++i)
                all += request(*peer, "INVITE", i, sdp);
            peer->say(all);
        };
        invite(0, 20);
        EXPECT_TRUE(peer->hears("SIP/2.0 200")) << peer->heard();
        EXPECT_TRUE(peer->hears("SIP/2.0 486")) << peer->heard(); // the listener has one already, the link no room
        invite(20, 1000);
        EXPECT_TRUE(peer->is_cut_off()) << "more than 64 requests of one peer stood open"; // signaling-sip's README
    }
    EXPECT_TRUE(bob_->calls_ended(2));
    std::set<std::string> rang; // calls
    bob_->find(
        [&](const Json& event) {
            if (event.value("step", "") == "signaling" && event["detail"].is_object() &&
                event["detail"].value("what", "") == "ringing")
                rang.insert(event.value("call", ""));
            return false;
        },
        0ms);
    EXPECT_EQ(rang.size(), 2U) << "alice's, and one";
    expect_no_growth(16 * 1024);
    expect_call_goes_through();
}

} // namespace
