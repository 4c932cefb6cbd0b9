// Whole calls between two sessions of the plugin, as ladders: what the kernel hears on both sides, and what crosses.
//
// Threads: the test's thread is control.
#include "sip_rig.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::sip::testing {
namespace {

using SipCall = TwoSessions;

nlohmann::json parsed(const std::string& text)
{
    return nlohmann::json::parse(text, nullptr, false);
}

TEST_F(SipCall, RingsIsAnsweredAndHungUpByTheCaller)
{
    ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "invited 1 Alice \"A\" Ö"));
    ASSERT_EQ(bob.ring(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "ringing 2"));
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "answered 2"));
    ASSERT_TRUE(heard(bob, "confirmed 1"));
    ASSERT_EQ(alice.bye(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "ended 1 0"));
    ASSERT_TRUE(seen("B 200", 2));
    EXPECT_EQ(ladder.steps(), "A INVITE, B 100, B 180, B 200, A ACK, A BYE, B 200");
    EXPECT_EQ(alice.log.all(), "ringing 2; answered 2; ");
    EXPECT_EQ(bob.log.all(), "invited 1 Alice \"A\" Ö; confirmed 1; ended 1 0; ");
}

TEST_F(SipCall, CarriesOfferAndAnswerUnchanged)
{
    establish();
    EXPECT_EQ(parsed(bob.log.json["invited"])["media"], parsed(kOffer)["media"]);
    EXPECT_EQ(parsed(bob.log.json["invited"])["ice"]["candidates"], parsed(kOffer)["ice"]["candidates"]);
    EXPECT_EQ(parsed(bob.log.json["invited"])["ice"]["complete"], true);
    EXPECT_EQ(parsed(alice.log.json["answered"])["media"], parsed(kAnswer)["media"]);
    EXPECT_EQ(parsed(alice.log.json["answered"])["ice"]["pwd"], "00112233445566778899aabb");
}

TEST_F(SipCall, NamesAccountsAndDevicesInItsHeaders)
{
    establish();
    const std::string invite = ladder.text_of("A INVITE");
    EXPECT_NE(invite.find("From: \"Alice \\\"A\\\" Ö\" <sip:alice-account@jackfield.invalid>;tag="), std::string::npos)
        << invite;
    EXPECT_NE(invite.find("To: <sip:bob-account@jackfield.invalid>\r\n"), std::string::npos) << invite;
    EXPECT_NE(invite.find("Contact: <sip:alice-device@jackfield.invalid;transport=tls>"), std::string::npos) << invite;
    EXPECT_NE(invite.find("Via: SIP/2.0/TLS jackfield.invalid;branch=z9hG4bK"), std::string::npos) << invite;
    EXPECT_NE(invite.find("Max-Forwards: 70"), std::string::npos) << invite;
    EXPECT_NE(invite.find("User-Agent: Jackfield"), std::string::npos) << invite;
    const std::string ack = ladder.text_of("A ACK");
    EXPECT_NE(ack.find("ACK sip:bob-device@jackfield.invalid;transport=tls SIP/2.0"), std::string::npos) << ack;
}

TEST_F(SipCall, IsHungUpByTheCallee)
{
    establish();
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 2 0"));
    ASSERT_TRUE(seen("A 200"));
    EXPECT_EQ(bob.log.all(), "invited 1 Alice \"A\" Ö; confirmed 1; ");
    EXPECT_EQ(bob.bye(1), JF_NOT_FOUND);
    EXPECT_EQ(alice.bye(2), JF_NOT_FOUND);
}

TEST_F(SipCall, CanBePlacedByTheSideThatDidNotOpenTheStream)
{
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(heard(alice, "invited 1 Bob"));
    ASSERT_EQ(alice.answer(1), JF_OK);
    ASSERT_TRUE(heard(bob, "answered 2"));
    ASSERT_TRUE(heard(alice, "confirmed 1"));
}

TEST_F(SipCall, GivesTheAnswerEarlyWithTheRinging)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.ring(1, kAnswer), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "ringing 2"));
    EXPECT_EQ(parsed(alice.log.json["ringing"])["media"], parsed(kAnswer)["media"]);
    ASSERT_EQ(bob.answer(1, kAnswer), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 2"));
    EXPECT_EQ(alice.log.json["answered"], alice.log.json["ringing"]);
    const std::string early = ladder.text_of("B 180");
    const std::string final = ladder.text_of("B 200");
    EXPECT_EQ(early.substr(early.find("\r\n\r\n")), final.substr(final.find("\r\n\r\n"))); // RFC 3261 13.2.1
}

TEST_F(SipCall, RingsWithoutWordsWhenThereIsNoEarlyAnswer)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    EXPECT_EQ(alice.log.json["ringing"], "");
}

struct Refusal {
    std::uint32_t reason;
    int code;
};

class SipRefusal : public TwoSessions, public ::testing::WithParamInterface<Refusal> {};

TEST_P(SipRefusal, ReachesTheCallerWithItsReasonAndCode)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.refuse(1, GetParam().reason), JF_OK) << bob.problem;
    const std::string event = "refused 2 " + std::to_string(GetParam().reason) + " " + std::to_string(GetParam().code);
    ASSERT_TRUE(heard(alice, event));
    ASSERT_TRUE(seen("A ACK"));
    EXPECT_EQ(ladder.steps(), "A INVITE, B 100, B " + std::to_string(GetParam().code) + ", A ACK");
    EXPECT_NE(ladder.text_of("A ACK").find("Max-Forwards: 70"), std::string::npos);
    EXPECT_EQ(bob.bye(1), JF_NOT_FOUND);
    EXPECT_EQ(alice.cancel(2), JF_NOT_FOUND);
}

INSTANTIATE_TEST_SUITE_P(EveryReason, SipRefusal,
                         ::testing::Values(Refusal{JF_REASON_DECLINED, 603}, Refusal{JF_REASON_BUSY, 486},
                                           Refusal{JF_REASON_NO_ANSWER, 480}, Refusal{JF_REASON_NOT_ACCEPTABLE, 488},
                                           Refusal{JF_REASON_FAILED, 500}));

TEST_F(SipCall, CannotBeRefusedForAReasonThatRefusesNothing)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    EXPECT_EQ(bob.refuse(1, JF_REASON_ELSEWHERE), JF_BAD_INPUT);
    EXPECT_EQ(bob.refuse(1, JF_REASON_BUSY), JF_OK);
}

TEST_F(SipCall, IsCancelledWhileItRings)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    ASSERT_EQ(alice.cancel(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "cancelled 1 4"));
    ASSERT_TRUE(heard(alice, "refused 2 4 487"));
    EXPECT_EQ(ladder.steps(), "A INVITE, B 100, B 180, A CANCEL, B 200, B 487, A ACK");
    EXPECT_EQ(bob.answer(1), JF_NOT_FOUND);
}

TEST_F(SipCall, SaysInTheCancelThatAnotherDeviceTookTheCall)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_TRUE(seen("B 100"));
    ASSERT_EQ(alice.cancel(2, JF_REASON_ELSEWHERE), JF_OK);
    ASSERT_TRUE(heard(bob, "cancelled 1 5"));
    EXPECT_NE(ladder.text_of("A CANCEL").find("Reason: SIP;cause=200;text=\"Call completed elsewhere\""),
              std::string::npos);
    ASSERT_TRUE(heard(alice, "refused 2 4 487"));
}

TEST_F(SipCall, WaitsWithTheCancelUntilThePeerShowsThatItKnowsTheInvite)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_EQ(alice.cancel(2), JF_OK); // no 100 can have been read yet: control has not turned
    EXPECT_EQ(alice.cancel(2), JF_BAD_INPUT);
    EXPECT_FALSE(ladder.has("A CANCEL"));
    ASSERT_TRUE(heard(alice, "refused 2 4 487"));
    EXPECT_EQ(ladder.count("A CANCEL"), 1U);
    EXPECT_TRUE(bob.log.has("cancelled 1 4"));
}

TEST_F(SipCall, IsGivenUpWhenThePeerDoesNotConfirmTheCancel)
{
    ladder.drop([](int end, const std::string& text) { return end == 1 && text.starts_with("SIP/2.0 487"); });
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(seen("B 100"));
    ASSERT_EQ(alice.cancel(2), JF_OK);
    ASSERT_TRUE(heard(bob, "cancelled 1 4"));
    host.run_pending();
    host.advance(std::chrono::milliseconds(5001));
    ASSERT_TRUE(heard(alice, "refused 2 4 0"));
}

TEST_F(SipCall, IsHungUpByTheCallerBeforeItIsAnsweredWithoutAnotherEvent)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(alice.bye(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "cancelled 1 4"));
    ASSERT_TRUE(seen("A ACK"));
    EXPECT_EQ(alice.log.all(), "");
    EXPECT_EQ(alice.bye(2), JF_NOT_FOUND);
}

TEST_F(SipCall, IsRefusedWhenTheCalleeHangsUpBeforeItTookIt)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(heard(alice, "refused 2 1 603"));
}

TEST_F(SipCall, FailsWhenThePeerShowsNoSignOfLife)
{
    ladder.drop([](int end, const std::string&) { return end == 1; });
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    host.advance(std::chrono::milliseconds(31999));
    EXPECT_FALSE(alice.log.has_prefix("refused"));
    host.advance(std::chrono::milliseconds(2));
    ASSERT_TRUE(heard(alice, "refused 2 7 408"));
}

TEST_F(SipCall, RingsAsLongAsItLikes)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.ring(1), JF_OK);
    ASSERT_TRUE(heard(alice, "ringing 2"));
    host.advance(std::chrono::minutes(10));
    EXPECT_EQ(alice.log.all(), "ringing 2; ");
    ASSERT_EQ(bob.answer(1), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 2"));
}

TEST_F(SipCall, EndsWhenTheAnswerIsNotAcknowledged)
{
    ladder.drop([](int end, const std::string& text) { return end == 0 && text.starts_with("ACK"); });
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.answer(1), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 2"));
    host.advance(std::chrono::milliseconds(5001));
    ASSERT_TRUE(heard(bob, "ended 1 7"));
    ASSERT_TRUE(heard(alice, "ended 2 7")); // Bob said BYE: RFC 3261 section 13.3.1.4
}

TEST_F(SipCall, SaysByeOnlyAfterTheAnswerIsAcknowledged)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    ASSERT_EQ(bob.answer(1), JF_OK);
    ASSERT_EQ(bob.bye(1), JF_OK);
    EXPECT_EQ(bob.bye(1), JF_NOT_FOUND);
    ASSERT_TRUE(heard(alice, "ended 2 0"));
    EXPECT_EQ(ladder.steps(), "A INVITE, B 100, B 200, A ACK, B BYE, A 200");
    EXPECT_FALSE(bob.log.has("confirmed 1"));
}

TEST_F(SipCall, EndsOnceWhenBothHangUpTogether)
{
    establish();
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_EQ(bob.bye(1), JF_OK);
    ASSERT_TRUE(seen("B 200", 2));
    ASSERT_TRUE(seen("A 200"));
    host.run_pending();
    EXPECT_FALSE(alice.log.has_prefix("ended"));
    EXPECT_FALSE(bob.log.has_prefix("ended"));
}

TEST_F(SipCall, TellsThePeerWhyItHangsUp)
{
    establish();
    ASSERT_EQ(alice.bye(2, JF_REASON_NOT_ACCEPTABLE), JF_OK);
    ASSERT_TRUE(heard(bob, "ended 1 6"));
    EXPECT_EQ(bob.log.texts.back(), "Not Acceptable Here");
}

TEST_F(SipCall, LivesBesideOthersOnTheSameStream)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_EQ(alice.invite(4), JF_OK);
    ASSERT_EQ(bob.invite(2), JF_OK);
    ASSERT_TRUE(
        host.run_until([&] { return bob.log.has("invited 3 Alice \"A\" Ö") && alice.log.has("invited 1 Bob"); }));
    ASSERT_EQ(bob.answer(3), JF_OK);
    ASSERT_EQ(bob.refuse(1, JF_REASON_BUSY), JF_OK);
    ASSERT_EQ(alice.answer(1), JF_OK);
    ASSERT_TRUE(heard(alice, "answered 4"));
    ASSERT_TRUE(heard(alice, "refused 2 2 486"));
    ASSERT_TRUE(heard(bob, "answered 2"));
    ASSERT_TRUE(heard(bob, "confirmed 3"));
    ASSERT_TRUE(heard(alice, "confirmed 1"));
    ASSERT_EQ(bob.bye(3), JF_OK);
    ASSERT_TRUE(heard(alice, "ended 4 0"));
    EXPECT_EQ(alice.bye(1), JF_OK);
    ASSERT_TRUE(heard(bob, "ended 2 0"));
}

TEST_F(SipCall, NeedsAnEvenNumberThatIsNotInUse)
{
    EXPECT_EQ(alice.invite(1), JF_BAD_INPUT);
    EXPECT_EQ(alice.invite(0), JF_BAD_INPUT);
    EXPECT_EQ(alice.invite(2), JF_OK);
    EXPECT_EQ(alice.invite(2), JF_BAD_INPUT);
}

TEST_F(SipCall, NeedsAMediaDescription)
{
    EXPECT_EQ(alice.invite(2, "no json"), JF_BAD_INPUT);
    EXPECT_EQ(alice.invite(2, R"({"media":[]})"), JF_BAD_INPUT);
    EXPECT_EQ(alice.invite(
                  2, R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"a\r\nb","clock_rate_hz":1}]}]})"),
              JF_BAD_INPUT);
    EXPECT_NE(alice.problem.find("/media/0/codecs/0/name"), std::string::npos) << alice.problem;
    EXPECT_EQ(ladder.steps(), "");
}

TEST_F(SipCall, MakesNoAnswerThatDoesNotFitItsOffer)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 1"); }));
    const std::string two =
        R"({"media":[{"kind":"audio","codecs":[{"payload_type":0,"name":"PCMU","clock_rate_hz":8000}]},
        {"kind":"video","codecs":[{"payload_type":96,"name":"VP8","clock_rate_hz":90000}]}]})";
    EXPECT_EQ(bob.answer(1, two), JF_BAD_INPUT);
    EXPECT_EQ(bob.answer(1), JF_OK); // the call is still there
    ASSERT_TRUE(heard(alice, "answered 2"));
}

TEST_F(SipCall, IsNotTakenBeyondTheLimit)
{
    for (std::uint64_t call = 2; call <= 32; call += 2)
        ASSERT_EQ(alice.invite(call), JF_OK) << call;
    EXPECT_EQ(alice.invite(34), JF_EXHAUSTED);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("invited 31"); }));
}

TEST_F(SipCall, TakesVerbsFromInsideAnEvent)
{
    bob.log.react = [&](const std::string& event) {
        if (event.starts_with("invited")) {
            EXPECT_EQ(bob.ring(1), JF_OK);
            EXPECT_EQ(bob.answer(1), JF_OK);
        }
    };
    alice.log.react = [&](const std::string& event) {
        if (event.starts_with("answered")) {
            EXPECT_EQ(alice.bye(2), JF_OK);
        }
    };
    ASSERT_EQ(alice.invite(2), JF_OK);
    ASSERT_TRUE(heard(bob, "ended 1 0"));
    EXPECT_EQ(ladder.steps().substr(0, 46), "A INVITE, B 100, B 180, B 200, A ACK, A BYE, B");
}

TEST_F(SipCall, LeavesNoTimerBehind)
{
    establish();
    ASSERT_EQ(alice.bye(2), JF_OK);
    ASSERT_TRUE(seen("B 200", 2));
    ASSERT_TRUE(host.run_until([&] { return host.timer_count() == 0; }));
}

} // namespace
} // namespace jackfield::sip::testing
