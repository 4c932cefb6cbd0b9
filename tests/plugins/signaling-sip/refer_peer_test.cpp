// REFER of a peer that is not our own program: what it may ask for, and what it is told (RFC 3515, 6665, 4488).
//
// Threads: the test's thread is control.
#include "carried_rig.hpp"

namespace jackfield::sip::testing {
namespace {

class SipReferPeer : public OneSession {
protected:
    void SetUp() override
    {
        peer.send(invite_text().text());
        ASSERT_TRUE(heard("invited 1 Alice"));
        ASSERT_EQ(bob.answer(1), JF_OK);
        ASSERT_TRUE(got("SIP/2.0 200 OK"));
        tag_ = bobs_tag();
        peer.send(in_dialog("ACK", 1).text());
        ASSERT_TRUE(heard("confirmed 1"));
    }

    RequestText in_dialog(const std::string& method, int cseq, const std::string& more = {})
    {
        RequestText text;
        text.method = method;
        text.to_tag = tag_;
        text.cseq = std::to_string(cseq);
        text.branch = "z9hG4bK-" + method + text.cseq;
        text.more = more;
        return text;
    }
    void refer(int cseq, const std::string& more)
    {
        RequestText text = in_dialog("REFER", cseq, more);
        peer.send(text.text());
    }
    /// What Bob answered to the request with that number.
    ::testing::AssertionResult answered(int code, int cseq, const std::string& method = "REFER")
    {
        const auto said = [&] {
            const std::string all = peer.text();
            const std::size_t at = all.rfind("CSeq: " + std::to_string(cseq) + " " + method);
            const std::size_t start = all.rfind("SIP/2.0 ", at);
            return at != std::string::npos && all.substr(start + 8, 3) == std::to_string(code);
        };
        if (host.run_until(said))
            return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "no " << code << " to " << method << " " << cseq << ":\n"
                                             << peer.text();
    }
    /// As the peer answers the last request it got.
    void answer_last(const std::string& method, int code)
    {
        const std::string all = peer.text();
        const std::string last = all.substr(all.rfind(method + " sip:"));
        std::string out = "SIP/2.0 " + std::to_string(code) + " Text\r\n";
        for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"})
            out += std::string(name) + ": " + header_of(last, name) + "\r\n";
        peer.send(out + "Content-Length: 0\r\n\r\n");
    }
    std::size_t times(const std::string& part) const
    {
        const std::string all = peer.text();
        std::size_t number = 0;
        for (std::size_t at = all.find(part); at != std::string::npos; at = all.find(part, at + 1))
            ++number;
        return number;
    }

    std::string tag_;
    const std::string carol = "Refer-To: \"Carol, C.\" <sip:Carol@Example.NET:5070;transport=udp>\r\n";
};

TEST_F(SipReferPeer, ToldWhomToCall)
{
    refer(2, carol + "Referred-By: sip:boss@example.com;cid=1\r\n");
    ASSERT_TRUE(answered(202, 2));
    ASSERT_TRUE(heard("referred 1 sip:Carol@Example.NET:5070 by sip:boss@example.com"));
}

TEST_F(SipReferPeer, ShortNamesOfHeadersWillDo)
{
    refer(2, "r: sip:carol-account@jackfield.invalid\r\nb: <sip:alice-account@jackfield.invalid>\r\n");
    ASSERT_TRUE(heard("referred 1 carol-account by alice-account"));
}

TEST_F(SipReferPeer, IsRefusedWhatCannotBeCalled)
{
    const std::vector<std::pair<std::string, int>> bad{
        {"", 400},
        {"Refer-To: <sip:a@b.example>\r\nRefer-To: <sip:c@b.example>\r\n", 400},
        {"Refer-To: garbage\r\n", 400},
        {"Refer-To: <sip:>\r\n", 400},
        {"Refer-To: <sip:a@>\r\n", 400},
        {"Refer-To: <sip:" + std::string(600, 'a') + "@b.example>\r\n", 400},
        {"Refer-To: <tel:+12345>\r\n", 416},
        {"Refer-To: <https://example.net/>\r\n", 416},
        {"Refer-To: <sip:a@b.example;method=BYE>\r\n", 403},
        {"Refer-To: <sip:a@b.example?Replaces=1>\r\n", 403},
        {"Refer-To: <sip:a@b.example?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2&Subject=x>\r\n", 403},
        {"Refer-To: "
         "<sip:a@b.example?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=d%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n",
         403},
        {"Refer-To: <sip:a@b.example?Require=timer>\r\n", 403},
        {"Refer-To: <sip:a@b.example?Route=%3Csip:evil%3E>\r\n", 403}};
    int cseq = 1;
    for (const auto& [more, code] : bad) {
        refer(++cseq, more);
        EXPECT_TRUE(answered(code, cseq)) << more;
    }
    EXPECT_FALSE(bob.log.has_prefix("referred")) << bob.log.all();
    EXPECT_FALSE(peer.got("NOTIFY "));
    refer(++cseq, "Refer-To: <sip:a@b.example;method=INVITE>\r\n"); // the call can still be handed on
    EXPECT_TRUE(answered(202, cseq));
}

TEST_F(SipReferPeer, MayNameACallThatIsToBeReplaced)
{
    refer(2, "Refer-To: <sip:carol@example.net?Replaces=a%25b%40h.example%3Bto-tag%3D7%3Bfrom-tag%3D9&Require=replaces>"
             "\r\n");
    ASSERT_TRUE(answered(202, 2));
    ASSERT_TRUE(heard("referred 1 sip:carol@example.net by "));
    EXPECT_EQ(bob.log.replaces, "a%b@h.example;to-tag=7;from-tag=9");
}

TEST_F(SipReferPeer, GetsOneAfterTheOther)
{
    refer(2, carol);
    ASSERT_TRUE(answered(202, 2));
    refer(3, carol);
    ASSERT_TRUE(answered(491, 3));
    ASSERT_EQ(bob.refer_progress(1, 603), JF_OK);
    refer(4, carol);
    ASSERT_TRUE(answered(202, 4));
}

TEST_F(SipReferPeer, GetsNoMoreThanSixteenInOneCall)
{
    for (int i = 0; i < 16; ++i) {
        refer(2 + i, carol + "Refer-Sub: false\r\n");
        ASSERT_TRUE(answered(202, 2 + i));
        ASSERT_EQ(bob.refer_progress(1, 603), JF_OK);
    }
    refer(18, carol);
    ASSERT_TRUE(answered(603, 18));
}

TEST_F(SipReferPeer, HearsTheNextStepWhenItHasTakenTheOneBefore)
{
    refer(2, carol);
    ASSERT_TRUE(got("Subscription-State: pending"));
    ASSERT_TRUE(heard("referred 1 sip:Carol@Example.NET:5070 by "));
    ASSERT_EQ(bob.refer_progress(1, 180), JF_OK);
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_TRUE(settled());
    EXPECT_EQ(times("NOTIFY sip:"), 1U);
    answer_last("NOTIFY", 200);
    ASSERT_TRUE(got("SIP/2.0 180 Ringing\r\n"));
    EXPECT_TRUE(peer.got("Subscription-State: active;expires=600")) << peer.text();
    answer_last("NOTIFY", 200);
    ASSERT_TRUE(got("Subscription-State: terminated;reason=noresource"));
}

TEST_F(SipReferPeer, ThatWantsToHearNothingHearsNothing)
{
    refer(2, carol);
    ASSERT_TRUE(got("Subscription-State: pending"));
    ASSERT_TRUE(heard("referred 1 sip:Carol@Example.NET:5070 by "));
    answer_last("NOTIFY", 481);
    ASSERT_TRUE(settled());
    ASSERT_EQ(bob.refer_progress(1, 180), JF_OK);
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_TRUE(settled());
    EXPECT_FALSE(peer.got("Subscription-State: terminated"));
}

TEST_F(SipReferPeer, MayDoWithoutASubscription)
{
    refer(2, carol + "Require: norefersub\r\nRefer-Sub: false\r\n");
    ASSERT_TRUE(answered(202, 2));
    EXPECT_TRUE(peer.got("Refer-Sub: false"));
    ASSERT_TRUE(heard("referred 1 sip:Carol@Example.NET:5070 by "));
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_TRUE(settled());
    EXPECT_FALSE(peer.got("Subscription-State:"));
}

TEST_F(SipReferPeer, OutsideACallIsSentAway)
{
    RequestText text = in_dialog("REFER", 1, carol);
    text.to_tag.clear();
    text.call_id = "other";
    peer.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 403"));
    text = in_dialog("NOTIFY", 1, "Event: refer\r\nSubscription-State: active\r\n");
    text.to_tag.clear();
    text.call_id = "another";
    peer.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 481"));
    EXPECT_FALSE(bob.log.has_prefix("referred"));
}

TEST_F(SipReferPeer, BeforeItsCallRunsIsTooEarly)
{
    RequestText second = invite_text();
    second.call_id = "call-2";
    second.branch = "z9hG4bKsecond";
    peer.send(second.text());
    ASSERT_TRUE(heard("invited 3 Alice"));
    ASSERT_EQ(bob.ring(3), JF_OK);
    ASSERT_TRUE(got("SIP/2.0 180"));
    RequestText early = in_dialog("REFER", 2, carol);
    early.call_id = "call-2";
    early.to_tag = bobs_tag("call-2");
    peer.send(early.text());
    ASSERT_TRUE(answered(491, 2));
}

TEST_F(SipReferPeer, WithoutASubscriptionOfOursMayTellNothing)
{
    RequestText notice = in_dialog("NOTIFY", 2, "Event: refer\r\nSubscription-State: active\r\n");
    notice.content_type = "message/sipfrag";
    notice.body = "SIP/2.0 200 OK";
    peer.send(notice.text());
    ASSERT_TRUE(answered(481, 2, "NOTIFY"));
    notice = in_dialog("NOTIFY", 3, "Event: presence\r\n");
    peer.send(notice.text());
    ASSERT_TRUE(answered(489, 3, "NOTIFY"));
    EXPECT_TRUE(peer.got("Allow-Events: refer"));
    EXPECT_FALSE(bob.log.has_prefix("refer_progressed")) << bob.log.all();
}

class SipReferAnswers : public SipReferPeer {
protected:
    void SetUp() override
    {
        SipReferPeer::SetUp();
        bob.refer(1, "carol-account");
        ASSERT_TRUE(got("Refer-To: <sip:carol-account@jackfield.invalid>"));
    }
    void notify(int cseq, const std::string& event, const std::string& state, const std::string& body,
                const std::string& type = "message/sipfrag;version=2.0")
    {
        RequestText text = in_dialog("NOTIFY", cseq, "Event: " + event + "\r\nSubscription-State: " + state + "\r\n");
        text.content_type = type;
        text.body = body;
        peer.send(text.text());
    }
    ::testing::AssertionResult ended(Status status)
    {
        if (!host.run_until([&] { return !bob.done_statuses.empty(); }))
            return ::testing::AssertionFailure() << peer.text();
        if (bob.done_statuses.back() != status)
            return ::testing::AssertionFailure() << bob.done_statuses.back() << ": " << bob.done_text;
        return ::testing::AssertionSuccess();
    }
};

TEST_F(SipReferAnswers, EachRefusalHasItsStatus)
{
    const std::vector<std::pair<int, Status>> codes{
        {603, JF_REFUSED}, {405, JF_UNSUPPORTED}, {501, JF_UNSUPPORTED}, {491, JF_BUSY}, {404, JF_REFUSED}};
    for (const auto& [code, status] : codes) {
        answer_last("REFER", code);
        ASSERT_TRUE(ended(status)) << code;
        bob.done_statuses.clear();
        bob.refer(1, "carol-account");
        ASSERT_TRUE(settled());
    }
}

TEST_F(SipReferAnswers, ANotificationMayOvertakeTheAnswer)
{
    notify(2, "refer", "active;expires=60", "SIP/2.0 100 Trying\r\n");
    ASSERT_TRUE(ended(JF_OK));
    ASSERT_TRUE(heard("refer_progressed 1 100"));
    answer_last("REFER", 202);
    notify(3, "refer;id=1", "active;expires=60", "SIP/2.0 180\r\nTo: nobody\r\n");
    ASSERT_TRUE(heard("refer_progressed 1 180"));
    EXPECT_EQ(bob.done_statuses.size(), 1U);
}

TEST_F(SipReferAnswers, TheLastStateMayComeAfterTheLastWord)
{
    answer_last("REFER", 202);
    notify(2, "refer", "active;expires=60", "SIP/2.0 200 OK\r\n");
    ASSERT_TRUE(heard("refer_progressed 1 200"));
    notify(3, "refer", "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
    ASSERT_TRUE(answered(200, 3, "NOTIFY"));
    notify(4, "refer", "active", "SIP/2.0 200 OK\r\n");
    ASSERT_TRUE(answered(481, 4, "NOTIFY"));
    EXPECT_EQ(std::ranges::count(bob.log.events, "refer_progressed 1 200"), 1);
}

TEST_F(SipReferAnswers, ThatEndWithoutAWordAreTheEnd)
{
    answer_last("REFER", 202);
    notify(2, "refer", "terminated;reason=timeout", "", "");
    ASSERT_TRUE(heard("refer_progressed 1 0"));
}

TEST_F(SipReferAnswers, ThatPromiseNoneAreTheEnd)
{
    const std::string all = peer.text();
    const std::string last = all.substr(all.rfind("REFER sip:"));
    std::string out = "SIP/2.0 202 Accepted\r\nRefer-Sub: false\r\n";
    for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"})
        out += std::string(name) + ": " + header_of(last, name) + "\r\n";
    peer.send(out + "Content-Length: 0\r\n\r\n");
    ASSERT_TRUE(ended(JF_OK));
    ASSERT_TRUE(heard("refer_progressed 1 0"));
}

TEST_F(SipReferAnswers, ThatCannotBeReadAreRefusedAndForgotten)
{
    answer_last("REFER", 202);
    notify(2, "refer", "active", "SIP/2.0 99 Low\r\n");
    ASSERT_TRUE(answered(400, 2, "NOTIFY"));
    notify(3, "refer", "active", "SIP/2.0 200 OK\r\n", "text/plain");
    ASSERT_TRUE(answered(415, 3, "NOTIFY"));
    notify(4, "refer;id=77", "active", "SIP/2.0 200 OK\r\n");
    ASSERT_TRUE(answered(481, 4, "NOTIFY"));
    EXPECT_FALSE(bob.log.has_prefix("refer_progressed")) << bob.log.all();
    notify(5, "refer", "active", "SIP/2.0 486 Busy Here\r\n");
    ASSERT_TRUE(heard("refer_progressed 1 486"));
}

} // namespace
} // namespace jackfield::sip::testing
