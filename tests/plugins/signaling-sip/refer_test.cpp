// REFER between two of ours, over our links and over those that a service carries: what goes over the wire (RFC 3515,
// 6665, 3420, 3892).
//
// Threads: the test's thread is control.
#include "carried_rig.hpp"

#include "sip_referral_text.hpp"

namespace jackfield::sip::testing {
namespace {

// --- between two of ours ---------------------------------------------------------------------------------------------

class SipRefer : public TwoSessions {
protected:
    void SetUp() override { establish(); }

    ::testing::AssertionResult ended(std::size_t count, Status status)
    {
        if (!host.run_until([&] { return alice.done_statuses.size() == count; }))
            return ::testing::AssertionFailure() << "no end; ladder: " << ladder.steps();
        if (alice.done_statuses.back() != status)
            return ::testing::AssertionFailure() << alice.done_statuses.back() << " " << alice.done_text;
        return ::testing::AssertionSuccess();
    }
};

TEST_F(SipRefer, NamesTheAccountAsFromAndToDoAndSaysWhoWantsIt)
{
    alice.refer(2, "carol-account");
    ASSERT_TRUE(ended(1, JF_OK));
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    const std::string refer = ladder.text_of("A REFER");
    EXPECT_EQ(header_of(refer, "Refer-To"), "<sip:carol-account@jackfield.invalid>");
    EXPECT_EQ(header_of(refer, "Referred-By"), "<sip:alice-account@jackfield.invalid>");
    EXPECT_NE(header_of(refer, "Contact"), "");
    EXPECT_NE(header_of(ladder.text_of("B 202"), "Contact"), "");
}

TEST_F(SipRefer, IsPendingUntilSomebodyHasDecided)
{
    alice.refer(2, "carol-account");
    ASSERT_TRUE(seen("B NOTIFY"));
    const std::string first = ladder.text_of("B NOTIFY");
    EXPECT_EQ(header_of(first, "Event"), "refer");
    EXPECT_EQ(header_of(first, "Subscription-State"), "pending;expires=600");
    EXPECT_EQ(header_of(first, "Content-Type"), "message/sipfrag;version=2.0");
    EXPECT_TRUE(first.ends_with("\r\n\r\nSIP/2.0 100 Trying\r\n")) << first;
    ASSERT_EQ(bob.refer_progress(1, 180, "it rings"), JF_OK);
    ASSERT_TRUE(heard(alice, "refer_progressed 2 180"));
    EXPECT_EQ(alice.log.texts.back(), "it rings");
}

TEST_F(SipRefer, TellsOneStepAfterTheOtherAndTheLastEndsIt)
{
    alice.refer(2, "sip:carol@example.net");
    ASSERT_TRUE(heard(bob, "referred 1 sip:carol@example.net by alice-account"));
    ASSERT_EQ(bob.refer_progress(1, 180), JF_OK);
    ASSERT_EQ(bob.refer_progress(1, 486, "they\r\ntalk"), JF_OK);
    EXPECT_EQ(bob.refer_progress(1, 200), JF_BAD_INPUT);
    ASSERT_TRUE(heard(alice, "refer_progressed 2 486"));
    EXPECT_EQ(alice.log.texts.back(), "they  talk");
    EXPECT_EQ(alice.log.events[alice.log.events.size() - 2], "refer_progressed 2 180") << alice.log.all();
    ASSERT_TRUE(host.run_until([&] { return ladder.count("A 200") >= 3; })) << ladder.steps();
    EXPECT_EQ(ladder.count("B NOTIFY"), 3U);
    EXPECT_EQ(ladder.count("A 481"), 0U);
    alice.refer(2, "carol-account");
    ASSERT_TRUE(ended(2, JF_OK));
}

TEST_F(SipRefer, NumbersEachSubscriptionAfterTheFirst)
{
    alice.refer(2, "carol-account");
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    ASSERT_EQ(bob.refer_progress(1, 603), JF_OK);
    ASSERT_TRUE(heard(alice, "refer_progressed 2 603"));
    std::string numbered;
    ladder.drop([&](int, const std::string& text) {
        numbered = text.starts_with("NOTIFY ") ? header_of(text, "Event") : numbered;
        return false;
    });
    alice.refer(2, "dave-account");
    ASSERT_TRUE(heard(bob, "referred 1 dave-account by alice-account"));
    ASSERT_TRUE(host.run_until([&] { return !numbered.empty(); }));
    EXPECT_EQ(numbered, "refer;id=3"); // 1 was the INVITE, 2 the first REFER
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_TRUE(heard(alice, "refer_progressed 2 200"));
}

TEST_F(SipRefer, IsRefusedHereWhereNobodyCouldBeCalled)
{
    const std::vector<std::pair<std::string, Status>> targets{{"sip:", JF_BAD_INPUT},
                                                              {"sip:a b@example.net", JF_BAD_INPUT},
                                                              {"sip:a@example.net>\r\nVia: x", JF_BAD_INPUT},
                                                              {"sip:a@example.net;method=BYE", JF_BAD_INPUT},
                                                              {"sip:a@example.net?Subject=x", JF_BAD_INPUT},
                                                              {"tel:+123", JF_BAD_INPUT},
                                                              {"", JF_BAD_INPUT}};
    for (const auto& [target, status] : targets) {
        const auto before = alice.done_statuses.size();
        alice.refer(2, target);
        EXPECT_TRUE(ended(before + 1, status)) << target;
    }
    alice.refer(8, "carol-account");
    EXPECT_TRUE(ended(targets.size() + 1, JF_NOT_FOUND));
    EXPECT_EQ(ladder.count("A REFER"), 0U);
}

TEST_F(SipRefer, OfAPeerThatFallsSilentEndsByItself)
{
    alice.refer(2, "carol-account");
    ASSERT_TRUE(heard(alice, "refer_progressed 2 100"));
    host.advance(std::chrono::seconds(179));
    EXPECT_FALSE(alice.log.has("refer_progressed 2 0"));
    host.advance(std::chrono::seconds(2));
    ASSERT_TRUE(heard(alice, "refer_progressed 2 0"));
    alice.refer(2, "carol-account");
    EXPECT_TRUE(ended(2, JF_BUSY)) << "the peer still has the first one open";
}

TEST_F(SipRefer, AndANewOfferPassEachOther)
{
    ASSERT_EQ(alice.update(2), JF_OK);
    alice.refer(2, "carol-account");
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_TRUE(heard(alice, "refer_progressed 2 200"));
    ASSERT_EQ(bob.answer_update(1), JF_OK);
    ASSERT_TRUE(heard(alice, "update_answered 2"));
}

TEST_F(SipRefer, MayCrossOneOfThePeer)
{
    alice.refer(2, "carol-account");
    bob.refer(1, "dave-account");
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    ASSERT_TRUE(heard(alice, "referred 2 dave-account by bob-account"));
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_EQ(alice.refer_progress(2, 404), JF_OK);
    ASSERT_TRUE(heard(alice, "refer_progressed 2 200"));
    ASSERT_TRUE(heard(bob, "refer_progressed 1 404"));
}

TEST_F(SipRefer, EndsWithItsCall)
{
    ladder.drop([](int end, const std::string&) { return end == 1; }); // bob's words get lost
    alice.refer(2, "carol-account");
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_TRUE(ended(1, JF_CLOSED));
    ASSERT_TRUE(heard(bob, "ended 1 0"));
    EXPECT_EQ(bob.refer_progress(1, 180), JF_NOT_FOUND);
}

TEST_F(SipRefer, ThatIsNotAnsweredEnds)
{
    ladder.drop([](int end, const std::string&) { return end == 1; });
    alice.refer(2, "carol-account");
    host.advance(std::chrono::milliseconds(5000));
    ASSERT_TRUE(ended(1, JF_TIMEOUT));
    alice.refer(2, "carol-account");
    host.advance(std::chrono::milliseconds(5000));
    ASSERT_TRUE(ended(2, JF_TIMEOUT)); // and not busy
}

TEST_F(SipRefer, NamesACallToBeReplacedAsItsPeerSeesIt)
{
    const std::string answer = ladder.text_of("B 200");
    const auto tag = [&](const char* name) {
        const std::string value = header_of(answer, name);
        return value.substr(value.find("tag=") + 4);
    };
    const std::string id = header_of(answer, "Call-ID");
    EXPECT_EQ(alice.name_of(2), id + ";to-tag=" + tag("To") + ";from-tag=" + tag("From"));
    EXPECT_EQ(bob.name_of(1), id + ";to-tag=" + tag("From") + ";from-tag=" + tag("To"));
    EXPECT_EQ(bob.matches(1, bob.name_of(1)), JF_NOT_FOUND) << "the tags are the other way round";
    EXPECT_EQ(bob.matches(1, id + " ; FROM-TAG = " + tag("From") + ";x;to-tag=" + tag("To")), JF_OK);
    EXPECT_EQ(bob.matches(1, alice.name_of(2) + ";early-only"), JF_BUSY) << "RFC 3891 section 3";
    alice.refer(2, "carol-account", alice.name_of(2));
    ASSERT_TRUE(heard(bob, "referred 1 carol-account by alice-account"));
    EXPECT_EQ(header_of(ladder.text_of("A REFER"), "Refer-To"), "<sip:carol-account@jackfield.invalid?Replaces=" + id +
                                                                    "%3Bto-tag%3D" + tag("To") + "%3Bfrom-tag%3D" +
                                                                    tag("From") + ">");
    EXPECT_EQ(header_of(ladder.text_of("A INVITE"), "Supported"), "replaces");
    EXPECT_EQ(header_of(answer, "Supported"), "replaces");
}

TEST_F(SipRefer, InvitesInThePlaceOfACallAndNotBesideIt)
{
    std::string invite;
    ladder.drop([&](int, const std::string& text) {
        invite = text.starts_with("INVITE ") ? text : invite;
        return false;
    });
    ASSERT_EQ(alice.invite_referred(4, "boss-account", "c@h;to-tag=1;from-tag=2"), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "invited 3 Alice \"A\" Ö by boss-account"));
    EXPECT_EQ(bob.log.replaces, "c@h;to-tag=1;from-tag=2");
    EXPECT_EQ(header_of(invite, "Replaces"), "c@h;to-tag=1;from-tag=2");
    EXPECT_EQ(header_of(invite, "Require"), "replaces") << "to let it ring would leave two";
    EXPECT_EQ(header_of(invite, "Referred-By"), "<sip:boss-account@jackfield.invalid>");
    for (const char* nonsense : {"c", "c;to-tag=1", "c;to-tag=1;from-tag=2;to-tag=3", ";to-tag=1;from-tag=2",
                                 "c;to-tag=a@b;from-tag=2", "c;to-tag=;from-tag=2"})
        EXPECT_EQ(alice.invite_referred(6, "", nonsense), JF_BAD_INPUT) << nonsense;
}

TEST_F(SipRefer, ACallThatOnlyRingsIsNotReplaced)
{
    ASSERT_EQ(alice.invite(4), JF_OK);
    ASSERT_TRUE(heard(bob, "invited 3 Alice \"A\" Ö"));
    ASSERT_EQ(bob.ring(3), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 4"));
    const std::string ringing = ladder.text_of("B 180");
    const auto tag = [&](const char* name) {
        const std::string value = header_of(ringing, name);
        return value.substr(value.find("tag=") + 4);
    };
    const std::string name = header_of(ringing, "Call-ID") + ";to-tag=" + tag("To") + ";from-tag=" + tag("From");
    EXPECT_EQ(bob.matches(3, name), JF_NOT_FOUND);
    ASSERT_EQ(bob.answer(3), JF_OK);
    EXPECT_EQ(bob.matches(3, name), JF_OK) << "it runs for us, also before the ACK";
}

// --- over a link that a service carries -----------------------------------------------------------------------------

class CarriedRefer : public CarriedSession {
protected:
    void SetUp() override
    {
        service.send(from_alice("INVITE").text());
        ASSERT_TRUE(heard("invited 1 Alice"));
        ASSERT_EQ(bob.answer(1), JF_OK);
        ASSERT_TRUE(got("SIP/2.0 200"));
        tag_ = header_of(service.last("SIP/2.0 200"), "To");
        tag_ = tag_.substr(tag_.find("tag=") + 4);
        service.send(in_dialog("ACK", 1).text());
        ASSERT_TRUE(heard("confirmed 1"));
    }
    RequestText in_dialog(const std::string& method, int cseq, const std::string& more = {})
    {
        RequestText text = from_alice(method);
        text.to_tag = tag_;
        text.cseq = std::to_string(cseq);
        text.branch = "z9hG4bK-" + method + text.cseq;
        text.more = more;
        return text;
    }

    std::string tag_;
};

TEST_F(CarriedRefer, HasTheUriAsItIsAlsoOfItsOwnDomain)
{
    service.send(in_dialog("REFER", 2, "Refer-To: <sip:carol@example.net>\r\n").text());
    ASSERT_TRUE(heard("referred 1 sip:carol@example.net by "));
}

TEST_F(CarriedRefer, ThatComesAgainIsHeardOnceAndAnsweredTwice)
{
    const std::string text = in_dialog("REFER", 2, "Refer-To: <sip:carol@example.net>\r\n").text();
    service.send(text);
    service.send(text);
    ASSERT_TRUE(got("SIP/2.0 202", 2));
    EXPECT_EQ(std::ranges::count_if(bob.log.events, [](const auto& e) { return e.starts_with("referred"); }), 1);
    EXPECT_EQ(service.count("SIP/2.0 491"), 0U);
}

TEST_F(CarriedRefer, RepeatsItsNotificationsUntilTheyAreAnswered)
{
    service.send(in_dialog("REFER", 2, "Refer-To: <sip:carol@example.net>\r\n").text());
    ASSERT_TRUE(got("NOTIFY "));
    host.advance(std::chrono::milliseconds(500));
    ASSERT_TRUE(got("NOTIFY ", 2));
    service.send(answer_to(service.last("NOTIFY "), "200 OK", ""));
    ASSERT_TRUE(settled());
    ASSERT_EQ(bob.refer_progress(1, 200), JF_OK);
    ASSERT_TRUE(got("NOTIFY ", 3));
    EXPECT_TRUE(service.last("NOTIFY ").ends_with("SIP/2.0 200 OK\r\n"));
}

TEST_F(CarriedRefer, AnswersAChallengeAndKnowsItsNewNumber)
{
    bob.refer(1, "sip:carol@example.net");
    ASSERT_TRUE(got("REFER "));
    EXPECT_EQ(header_of(service.last("REFER "), "Referred-By"), "<sip:bob-account@jackfield.invalid>");
    service.send(answer_to(service.last("REFER "), "407 Proxy Authentication Required", "x",
                           "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"));
    ASSERT_TRUE(got("REFER ", 2));
    const std::string again = service.last("REFER ");
    EXPECT_NE(header_of(again, "Proxy-Authorization"), "");
    service.send(answer_to(again, "202 Accepted", "x"));
    ASSERT_TRUE(host.run_until([&] { return bob.done_statuses.size() == 1; }));
    EXPECT_EQ(bob.done_statuses[0], JF_OK);
    const std::string number = header_of(again, "CSeq");
    RequestText notice = in_dialog(
        "NOTIFY", 2, "Event: refer;id=" + number.substr(0, number.find(' ')) + "\r\nSubscription-State: active\r\n");
    notice.content_type = "message/sipfrag";
    notice.body = "SIP/2.0 180 Ringing";
    service.send(notice.text());
    ASSERT_TRUE(heard("refer_progressed 1 180"));
}

TEST_F(CarriedRefer, CannotNameAnAccountOfOurOwnLinks)
{
    bob.refer(1, std::string(64, 'a'));
    ASSERT_TRUE(host.run_until([&] { return bob.done_statuses.size() == 1; }));
    EXPECT_EQ(bob.done_statuses[0], JF_UNSUPPORTED);
    EXPECT_EQ(service.count("REFER "), 0U);
}

TEST_F(CarriedRefer, SaysWhoWantedACallOnlyByAUri)
{
    ASSERT_EQ(bob.invite_referred(2, "sip:boss@example.net", ""), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE "));
    EXPECT_EQ(header_of(service.last("INVITE "), "Referred-By"), "<sip:boss@example.net>");
    ASSERT_EQ(bob.invite_referred(4, std::string(64, 'a'), ""), JF_OK) << "that is no reason not to call";
    ASSERT_TRUE(got("INVITE ", 2));
    EXPECT_EQ(header_of(service.last("INVITE "), "Referred-By"), "");
}

// --- the words -------------------------------------------------------------------------------------------------------

TEST(SipFragment, IsAStatusLineAndNothingElse)
{
    EXPECT_FALSE(read_fragment(""));
    EXPECT_FALSE(read_fragment("SIP/2.0"));
    EXPECT_FALSE(read_fragment("SIP/2.0 1000 Much"));
    EXPECT_FALSE(read_fragment("SIP/2.0 2x0 OK"));
    EXPECT_FALSE(read_fragment("SIP/3.0 200 OK"));
    EXPECT_FALSE(read_fragment("INVITE sip:a@b SIP/2.0"));
    ASSERT_TRUE(read_fragment("SIP/2.0 200"));
    const auto fragment = read_fragment("SIP/2.0 486 Busy Here\nVia: x");
    ASSERT_TRUE(fragment);
    EXPECT_EQ(fragment->code, 486U);
    EXPECT_EQ(fragment->text, "Busy Here");
    EXPECT_EQ(write_fragment({486, ""}), "SIP/2.0 486 Busy Here\r\n");
    EXPECT_EQ(write_fragment({486, "\xff"}), "SIP/2.0 486 Busy Here\r\n");
    EXPECT_LT(write_fragment({500, std::string(1000, 'x')}).size(), 200U);
}

} // namespace
} // namespace jackfield::sip::testing
