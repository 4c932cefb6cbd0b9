// A link that a service carries over UDP: addresses, routes, challenges, redirections, and what is repeated.
//
// Threads: the test's thread is control.
#include "carried_rig.hpp"

namespace jackfield::sip::testing {
namespace {

using namespace std::chrono_literals;
using CarriedSip = CarriedSession;

const std::string kChallenge = "Proxy-Authenticate: Digest realm=\"example.net\", nonce=\"n1\"\r\n";

TEST_F(CarriedSip, WritesTheAddressesAndTheRouteOfTheService)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE"));
    const std::string invite = service.last("INVITE");
    EXPECT_TRUE(invite.starts_with("INVITE sip:alice@example.net SIP/2.0\r\n")) << invite;
    EXPECT_TRUE(header_of(invite, "Via").starts_with("SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK")) << invite;
    EXPECT_TRUE(header_of(invite, "Via").ends_with(";rport")) << invite;
    EXPECT_TRUE(header_of(invite, "From").starts_with("\"Bob\" <sip:bob@example.net>;tag=")) << invite;
    EXPECT_EQ(header_of(invite, "To"), "<sip:alice@example.net>");
    EXPECT_EQ(header_of(invite, "Contact"), "<sip:bob@192.0.2.7:5070>");
    EXPECT_EQ(header_of(invite, "Route"), "<sip:proxy.example.net;lr>");
}

TEST_F(CarriedSip, RepeatsAnInviteUntilItIsAnsweredEachTimeAfterTwiceAsLong)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE", 1));
    host.advance(499ms);
    host.advance(1ms);
    ASSERT_TRUE(got("INVITE", 2));
    host.advance(999ms);
    host.advance(1ms);
    ASSERT_TRUE(got("INVITE", 3));
    EXPECT_EQ(service.all()[0], service.all()[2]) << "word for word";
    service.send(answer_to(service.last("INVITE"), "180 Ringing", "at", "Contact: <sip:alice@192.0.2.9>\r\n"));
    ASSERT_TRUE(heard("ringing 2"));
    host.advance(20s);
    ASSERT_TRUE(settled());
    EXPECT_EQ(service.count("INVITE"), 3U);
}

TEST_F(CarriedSip, GivesAnInviteUpThatNobodyAnswersIn32Seconds)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    host.advance(31999ms);
    EXPECT_FALSE(bob.log.has_prefix("refused"));
    host.advance(1ms);
    ASSERT_TRUE(heard("refused 2 7 408"));
    ASSERT_TRUE(settled());
    EXPECT_EQ(service.count("INVITE"), 7U); // at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s: RFC 3261 section 17.1.1.2
}

TEST_F(CarriedSip, RepeatsWhatIsNoInviteAtLeastEveryFourSeconds)
{
    bob.message(0, "text/plain", "hello");
    ASSERT_TRUE(got("MESSAGE", 1));
    host.advance(31900ms); // at 0, 0.5, 1.5, 3.5, 7.5, then every 4 s: RFC 3261 section 17.1.2.2
    ASSERT_TRUE(settled());
    EXPECT_EQ(service.count("MESSAGE"), 11U);
    host.advance(100ms);
    ASSERT_TRUE(host.run_until([&] { return !bob.done_statuses.empty(); }));
    EXPECT_EQ(bob.done_statuses, std::vector<Status>{JF_TIMEOUT});
}

TEST_F(CarriedSip, AcknowledgesARefusalEachTimeItComes)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE"));
    const std::string busy = answer_to(service.last("INVITE"), "486 Busy Here", "at");
    service.send(busy);
    ASSERT_TRUE(heard("refused 2 2 486"));
    service.send(busy);
    ASSERT_TRUE(got("ACK", 2));
    EXPECT_EQ(bob.log.all(), "refused 2 2 486; ");
}

TEST_F(CarriedSip, AcknowledgesA200EachTimeItComes)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE"));
    const std::string ok =
        answer_to(service.last("INVITE"), "200 OK", "at", "Contact: <sip:alice@192.0.2.9>\r\n", kSdp);
    service.send(ok);
    ASSERT_TRUE(heard("answered 2"));
    service.send(ok);
    ASSERT_TRUE(got("ACK", 2));
    EXPECT_EQ(bob.log.all(), "answered 2; ");
}

TEST_F(CarriedSip, HearsAnInviteThatComesTwiceOnce)
{
    const std::string invite = from_alice("INVITE").text();
    service.send(invite);
    ASSERT_TRUE(heard("invited 1 Alice"));
    service.send(invite);
    ASSERT_TRUE(got("SIP/2.0 100", 2)); // said again: RFC 3261 section 17.2.1
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    ASSERT_TRUE(got("SIP/2.0 200"));
    service.send(invite); // late, when its transaction is over
    ASSERT_TRUE(settled());
    EXPECT_EQ(bob.log.all(), "invited 1 Alice; ");
    EXPECT_EQ(service.count("SIP/2.0 482"), 0U) << sent();
}

TEST_F(CarriedSip, RepeatsIts200UntilTheAckComes)
{
    service.send(from_alice("INVITE").text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    ASSERT_TRUE(got("SIP/2.0 200", 1));
    host.advance(500ms);
    ASSERT_TRUE(got("SIP/2.0 200", 2));
    host.advance(1000ms);
    ASSERT_TRUE(got("SIP/2.0 200", 3));
    RequestText ack = from_alice("ACK");
    ack.to_tag = header_of(service.last("SIP/2.0 200"), "To")
                     .substr(header_of(service.last("SIP/2.0 200"), "To").find("tag=") + 4);
    ack.branch = "z9hG4bKack";
    service.send(ack.text());
    ASSERT_TRUE(heard("confirmed 1"));
    const std::size_t so_far = service.count("SIP/2.0 200");
    host.advance(40s);
    ASSERT_TRUE(settled());
    EXPECT_EQ(service.count("SIP/2.0 200"), so_far + 1) << "that of the probe alone";
}

TEST_F(CarriedSip, EndsACallWhose200IsNeverAcknowledged)
{
    service.send(from_alice("INVITE").text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    host.advance(31s);
    EXPECT_FALSE(bob.log.has_prefix("ended"));
    host.advance(1s);
    ASSERT_TRUE(heard("ended 1 7"));
    ASSERT_TRUE(got("BYE"));
    EXPECT_GE(service.count("SIP/2.0 200"), 10U); // 0.5, 1.5, 3.5, then every 4 s
}

TEST_F(CarriedSip, EndsACallThoughTheServiceHasGoneMeanwhile)
{
    service.send(from_alice("INVITE").text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    carrier.gone = true;
    host.advance(32s);
    ASSERT_TRUE(heard("ended 1 7"));
}

TEST_F(CarriedSip, RepeatsARefusalUntilTheAckComes)
{
    const RequestText invite = from_alice("INVITE");
    service.send(invite.text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.refuse(1, JF_REASON_BUSY), JF_OK) << bob.problem;
    ASSERT_TRUE(got("SIP/2.0 486", 1));
    host.advance(500ms);
    ASSERT_TRUE(got("SIP/2.0 486", 2));
    RequestText ack = from_alice("ACK"); // the same branch: it is part of the transaction
    ack.to_tag = "any";
    service.send(ack.text());
    ASSERT_TRUE(settled());
    const std::size_t so_far = service.count("SIP/2.0 486");
    host.advance(10s);
    ASSERT_TRUE(settled());
    EXPECT_EQ(service.count("SIP/2.0 486"), so_far);
}

TEST_F(CarriedSip, AnswersARequestThatComesTwiceTwiceButHearsItOnce)
{
    RequestText text = from_alice("MESSAGE");
    text.content_type = "text/plain";
    text.body = "hello";
    service.send(text.text());
    ASSERT_TRUE(heard("message 0"));
    ASSERT_TRUE(got("SIP/2.0 200", 1));
    service.send(text.text());
    ASSERT_TRUE(got("SIP/2.0 200", 2));
    EXPECT_EQ(bob.log.all(), "message 0; ");
}

TEST_F(CarriedSip, AnswersAChallengeWithTheNextNumberAndABranchOfItsOwn)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE", 1));
    const std::string first = service.last("INVITE");
    service.send(answer_to(first, "407 Proxy Authentication Required", "proxy", kChallenge));
    ASSERT_TRUE(got("INVITE", 2));
    ASSERT_TRUE(got("ACK", 1));
    const std::string second = service.last("INVITE");
    EXPECT_EQ(header_of(second, "CSeq"), "2 INVITE");
    EXPECT_EQ(header_of(second, "Proxy-Authorization"), "Digest response=1");
    EXPECT_EQ(header_of(second, "Call-ID"), header_of(first, "Call-ID"));
    EXPECT_EQ(header_of(second, "From"), header_of(first, "From"));
    EXPECT_EQ(header_of(second, "To"), header_of(first, "To"));
    EXPECT_NE(header_of(second, "Via"), header_of(first, "Via"));
    ASSERT_EQ(carrier.asked.size(), 1U);
    EXPECT_EQ(carrier.asked[0], "Digest realm=\"example.net\", nonce=\"n1\"|INVITE|sip:alice@example.net|body");
    EXPECT_EQ(second.substr(second.find("\r\n\r\n")), first.substr(first.find("\r\n\r\n"))) << "the same offer";

    service.send(answer_to(second, "200 OK", "at", "Contact: <sip:alice@192.0.2.9>\r\n", kSdp));
    ASSERT_TRUE(heard("answered 2"));
    ASSERT_TRUE(got("ACK", 2));
    EXPECT_EQ(header_of(service.last("ACK"), "CSeq"), "2 ACK");
    EXPECT_EQ(header_of(service.last("ACK"), "Proxy-Authorization"), "Digest response=1");
}

TEST_F(CarriedSip, TakesAChallengeThatItCannotAnswerForARefusal)
{
    carrier.has_password = false;
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE"));
    service.send(answer_to(service.last("INVITE"), "407 Proxy Authentication Required", "proxy", kChallenge));
    ASSERT_TRUE(heard("refused 2 7 407"));
    EXPECT_EQ(service.count("INVITE"), 1U);
}

TEST_F(CarriedSip, DoesNotAnswerChallengesForEver)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    for (std::size_t round = 1; round <= 7; ++round) {
        ASSERT_TRUE(got("INVITE", round));
        service.send(answer_to(service.last("INVITE"), "407 Proxy Authentication Required", "proxy", kChallenge));
    }
    ASSERT_TRUE(heard("refused 2 7 407"));
    EXPECT_EQ(service.count("INVITE"), 7U);
}

TEST_F(CarriedSip, DoesNotAskAgainForACallThatIsGivenUp)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE"));
    ASSERT_EQ(bob.cancel(2), JF_OK) << bob.problem;
    service.send(answer_to(service.last("INVITE"), "407 Proxy Authentication Required", "proxy", kChallenge));
    ASSERT_TRUE(heard("refused 2 4 407"));
    EXPECT_EQ(service.count("INVITE"), 1U);
}

TEST_F(CarriedSip, AnswersAChallengeOfAMessage)
{
    bob.message(0, "text/plain", "hello");
    ASSERT_TRUE(got("MESSAGE", 1));
    service.send(answer_to(service.last("MESSAGE"), "401 Unauthorized", "proxy",
                           "WWW-Authenticate: Digest realm=\"example.net\", nonce=\"n1\"\r\n"));
    ASSERT_TRUE(got("MESSAGE", 2));
    EXPECT_EQ(header_of(service.last("MESSAGE"), "Authorization"), "Digest response=1");
    service.send(answer_to(service.last("MESSAGE"), "200 OK", "at"));
    ASSERT_TRUE(host.run_until([&] { return !bob.done_statuses.empty(); }));
    EXPECT_EQ(bob.done_statuses, std::vector<Status>{JF_OK});
}

TEST_F(CarriedSip, GoesWhereItIsSentButNotInCircles)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE", 1));
    service.send(answer_to(service.last("INVITE"), "302 Moved Temporarily", "at",
                           "Contact: <sip:alice@mobile.example.net>\r\n"));
    ASSERT_TRUE(got("INVITE sip:alice@mobile.example.net SIP/2.0"));
    EXPECT_EQ(header_of(service.last("INVITE"), "To"), "<sip:alice@example.net>");
    service.send(
        answer_to(service.last("INVITE"), "302 Moved Temporarily", "at", "Contact: <sip:alice@example.net>\r\n"));
    ASSERT_TRUE(heard("refused 2 7 302"));
    EXPECT_EQ(service.count("INVITE"), 2U);
}

TEST_F(CarriedSip, SendsWhatBelongsToTheDialogByItsRouteSet)
{
    ASSERT_EQ(bob.invite(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("INVITE"));
    service.send(answer_to(service.last("INVITE"), "200 OK", "at",
                           "Record-Route: <sip:near.example.net;lr>\r\nRecord-Route: <sip:far.example.net;lr>\r\n"
                           "Contact: <sip:alice@192.0.2.9>\r\n",
                           kSdp));
    ASSERT_TRUE(heard("answered 2"));
    ASSERT_EQ(bob.bye(2), JF_OK) << bob.problem;
    ASSERT_TRUE(got("BYE sip:alice@192.0.2.9 SIP/2.0"));
    for (const std::string start : {"ACK", "BYE"}) { // the last one first: RFC 3261 section 12.1.2
        const std::string message = service.last(start);
        const std::size_t far = message.find("Route: <sip:far.example.net;lr>");
        const std::size_t near = message.find("Route: <sip:near.example.net;lr>");
        EXPECT_LT(far, near) << message;
        EXPECT_NE(near, std::string::npos) << message;
        EXPECT_EQ(message.find("proxy.example.net"), std::string::npos) << message;
    }
}

TEST_F(CarriedSip, CopiesRecordRoutesAndSendsByThem)
{
    RequestText invite = from_alice("INVITE");
    invite.more = "Record-Route: <sip:one.example.net;lr>\r\nRecord-Route: <sip:two.example.net;lr>\r\n"
                  "Contact: <sip:alice@192.0.2.9>\r\n";
    service.send(invite.text());
    ASSERT_TRUE(heard("invited 1 Alice"));
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    ASSERT_TRUE(got("SIP/2.0 200"));
    const std::string ok = service.last("SIP/2.0 200");
    EXPECT_LT(ok.find("Record-Route: <sip:one.example.net;lr>"), ok.find("Record-Route: <sip:two.example.net;lr>"));
    RequestText ack = from_alice("ACK");
    ack.to_tag = header_of(ok, "To").substr(header_of(ok, "To").find("tag=") + 4);
    ack.branch = "z9hG4bKack";
    service.send(ack.text());
    ASSERT_TRUE(heard("confirmed 1"));
    ASSERT_EQ(bob.bye(1), JF_OK) << bob.problem;
    ASSERT_TRUE(got("BYE sip:alice@192.0.2.9 SIP/2.0"));
    const std::string bye = service.last("BYE");
    EXPECT_LT(bye.find("Route: <sip:one.example.net;lr>"), bye.find("Route: <sip:two.example.net;lr>")) << bye;
}

TEST_F(CarriedSip, DropsWhatIsNoMessageAndGoesOn)
{
    service.send("hello");
    service.send("\r\n\r\n");
    service.send("OPTIONS sip:bob@example.net SIP/2.0\r\nContent-Length: 500\r\n\r\nshort");
    std::string giant = from_alice("OPTIONS").text();
    giant.insert(giant.find("Call-ID"), "X-Filler: " + std::string(20000, 'x') + "\r\n");
    service.send(giant);
    ASSERT_TRUE(settled());
    EXPECT_EQ(bob.log.all(), "");
}

TEST_F(CarriedSip, TakesADatagramWithoutContentLength)
{
    RequestText text = from_alice("MESSAGE");
    text.content_type = "text/plain";
    text.body = "hello";
    std::string message = text.text();
    message.erase(message.find("Content-Length: 5\r\n"), 19);
    service.send(message);
    ASSERT_TRUE(heard("message 0"));
    EXPECT_EQ(bob.log.bodies[0].second, "hello");
}

TEST_F(CarriedSip, AnswersManyRequestsOneAfterTheOther)
{
    for (int round = 0; round < 600; ++round) // more than linger at once
        ASSERT_TRUE(settled()) << round;
}

} // namespace
} // namespace jackfield::sip::testing
