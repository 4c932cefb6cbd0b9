// A call that has lost its way to the peer.

#include "kernel/flow/reopen_links.hpp"
#include "tests/kernel/flow/recovery_flow.hpp"

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Json = nlohmann::json;
using Lines = std::vector<std::string>;

TEST_F(Recovers, ByNewCredentialsOverTheKeptLinkWhenConsentIsLost)
{
    call();
    const std::string before = Json::parse(signaling().offered)["ice"]["ufrag"];
    lose_consent();
    EXPECT_TRUE(told(kReconnecting + ": consent expired")) << rig_.told.back();
    ASSERT_EQ(offers(), 1U);
    EXPECT_EQ(media().restarts, 1);
    EXPECT_NE(Json::parse(signaling().offered)["ice"]["ufrag"], before) << "RFC 8839 section 4.4.1.1.1";
    peer_follows();
    EXPECT_TRUE(media().remote.starts_with("qqqq"));
    EXPECT_TRUE(told("media progress reconnected")) << rig_.told.back();
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(Recovers, KeepsTheStreamsAsTheyAre)
{
    call();
    const Json before = Json::parse(signaling().offered)["media"];
    lose_consent();
    const Json now = Json::parse(signaling().offered)["media"];
    ASSERT_EQ(now.size(), before.size());
    EXPECT_EQ(now[0]["ssrc"], before[0]["ssrc"]);
    EXPECT_EQ(now[0]["codecs"], before[0]["codecs"]);
}

TEST_F(Recovers, ByAnotherOfferIfNothingComesOfTheFirst)
{
    call();
    rig_.stage.script.media = Play::waits; // no pair
    lose_consent();
    peer_follows();
    EXPECT_FALSE(told("media progress reconnected"));
    rig_.advance(2999ms);
    EXPECT_EQ(offers(), 1U);
    rig_.advance(1ms);
    EXPECT_EQ(offers(), 2U);
    rig_.stage.script.media = Play::happens;
    peer_follows();
    EXPECT_TRUE(told("media progress reconnected"));
}

TEST_F(Recovers, WithinHalfAMinuteOrTheCallIsOver)
{
    call();
    rig_.stage.script.media = Play::waits;
    lose_consent();
    for (int seconds = 0; seconds < 29; ++seconds)
        rig_.advance(1s);
    EXPECT_EQ(rig_.program->ends, 0);
    rig_.advance(1s);
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_UNREACHABLE);
    EXPECT_EQ(signaling().said.back(), "bye failed");
}

TEST_F(Recovers, AtOnceOrNeverWhereConnectivityCannotBeginAnew)
{
    rig_.stage.script.restart = Play::fails;
    call();
    lose_consent();
    EXPECT_EQ(rig_.told.back(), "call failed unreachable at media: consent expired");
    EXPECT_EQ(offers(), 0U);
}

TEST_F(Recovers, OverAnotherLinkWhenItsOwnHasEnded)
{
    call();
    break_link();
    EXPECT_TRUE(told("connectivity progress kept link reopened"));
    ASSERT_EQ(rig_.stage.count("signaling bob-1"), 1U) << "the old link goes when the call has left it";
    EXPECT_EQ(signaling().said, (Lines{"take_over", "update"}));
    peer_follows();
    EXPECT_TRUE(told("media progress reconnected"));
    call_->hang_up();
    rig_.settle();
    EXPECT_EQ(signaling().said.back(), "bye normal");
    EXPECT_EQ(rig_.program->end.error.status, JF_OK);
}

TEST_F(Recovers, WithinFiveSecondsOfALinkThatThePeerHasEnded)
{
    call();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::fails;
    break_link();
    rig_.advance(4999ms);
    EXPECT_EQ(rig_.program->ends, 0);
    rig_.advance(1ms);
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_CLOSED);
}

TEST_F(Recovers, WithinHalfAMinuteOfALinkThatFellSilentBeforeItEnded)
{
    call();
    rig_.stage.script.tcp = rig_.stage.script.udp = rig_.stage.script.media = Play::waits;
    lose_consent();
    break_link();
    EXPECT_EQ(rig_.discovery().count("bob-1", JF_CALL_REQUEST), 2U) << "another is opened";
    for (int seconds = 0; seconds < 29; ++seconds)
        rig_.advance(1s);
    EXPECT_EQ(rig_.program->ends, 0);
    rig_.advance(1s);
    EXPECT_EQ(rig_.program->ends, 1);
}

TEST_F(Recovers, OverALinkThatThePeerOpens)
{
    call();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::fails;
    break_link();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::happens;
    rig_.request();
    rig_.settle();
    EXPECT_EQ(signaling(rig_.stage.count("signaling bob-1") - 1).said, (Lines{"take_over", "update"}));
}

TEST_F(Recovers, WhereverThePeerGoesOn)
{
    call();
    rig_.request(); // the peer opens another link, and speaks in the call there
    rig_.settle();
    ASSERT_EQ(rig_.stage.count("signaling bob-1"), 2U);
    signaling(1).taken_over(signaling(0), 1);
    signaling(1).updated(anew(peer_answer(signaling(0).offered)));
    rig_.settle();
    EXPECT_EQ(signaling(1).said, (Lines{"answer_update"}));
    EXPECT_EQ(media().restarts, 1) << "who is offered a restart begins anew, too";
    EXPECT_EQ(Json::parse(signaling(1).answered_with)["ice"]["ufrag"], "aaa1");
    EXPECT_FALSE(told(kReconnecting)) << "nothing was missed here";
    call_->hang_up();
    rig_.settle();
    EXPECT_EQ(signaling(1).said.back(), "bye normal");
}

// Both ends have opened a link and offered a restart over their own: each hears the other's over the other link.
TEST_F(Recovers, ByTheCallersOfferIfTwoCrossOverTwoLinks)
{
    call();
    lose_consent();
    ASSERT_EQ(offers(), 1U);
    rig_.request();
    rig_.settle();
    signaling(1).taken_over(signaling(0), 1);
    signaling(1).updated(anew(peer_answer(signaling(0).offered)));
    rig_.settle();
    EXPECT_EQ(signaling(1).said.front(), "answer_update");
    EXPECT_EQ(offers(1), 1U) << "again, where the peer is now";
}

TEST_F(Recovers, NotByTheCalleesIfTwoCrossOverTwoLinks)
{
    be_called();
    lose_consent();
    rig_.advance(1s);
    ASSERT_EQ(offers(), 1U);
    rig_.request();
    rig_.settle();
    signaling(1).taken_over(signaling(0), 1);
    signaling(1).updated(anew(peer_answer(signaling(0).offered)));
    rig_.settle();
    EXPECT_EQ(signaling(1).said, (Lines{"answer_update"}));
    rig_.advance(400ms);
    EXPECT_EQ(signaling(1).said, (Lines{"answer_update"})) << "it would cross again";
}

TEST_F(Recovers, ByTheCallerOverALinkThatBothSeeOpen)
{
    be_called();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::fails;
    break_link();
    rig_.advance(2s); // it would be its turn
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::happens;
    rig_.request();
    rig_.settle();
    const std::size_t last = rig_.stage.count("signaling bob-1") - 1;
    EXPECT_EQ(offers(last), 0U);
    rig_.advance(299ms);
    EXPECT_EQ(offers(last), 0U);
    rig_.advance(1ms);
    EXPECT_EQ(offers(last), 1U) << "the caller has not, so";
}

TEST_F(Recovers, ButAnOfferWithTheSameCredentialsIsNoRestart)
{
    call();
    signaling().updated(peer_answer(signaling().offered));
    rig_.settle();
    EXPECT_EQ(signaling().said.back(), "answer_update");
    EXPECT_EQ(media().restarts, 0);
}

TEST_F(Recovers, WithTheCandidatesThatComeRightBehindAnOffer)
{
    call();
    const std::string line = "H9 1 UDP 7 192.0.2.9 9000 typ host";
    signaling().updated(anew(peer_answer(signaling().offered)));
    const std::string fragment = "a=candidate:" + line + "\r\n";
    EXPECT_EQ(signaling().listener().info(signaling().call, "application/trickle-ice-sdpfrag",
                                          {reinterpret_cast<const std::uint8_t*>(fragment.data()), fragment.size()}),
              JF_OK);
    EXPECT_TRUE(media().remote_candidates.empty()) << "they belong to what nobody has looked at yet";
    rig_.settle();
    EXPECT_EQ(media().remote_candidates, Lines{line});
}

TEST_F(Recovers, FromTheCallersSideFirst)
{
    be_called();
    lose_consent();
    EXPECT_TRUE(told(kReconnecting));
    EXPECT_EQ(offers(), 0U) << "the caller has noticed it, too";
    rig_.advance(999ms);
    EXPECT_EQ(offers(), 0U);
    rig_.advance(1ms);
    EXPECT_EQ(offers(), 1U);
}

TEST_F(Recovers, SoonWhenTheCalleesOwnAddressHasGone)
{
    be_called();
    network_changed(*rig_.node, {"192.0.2.1"});
    rig_.settle();
    rig_.advance(300ms);
    EXPECT_TRUE(told(kReconnecting + ": an address of this machine has gone"));
    EXPECT_EQ(offers(rig_.stage.count("signaling bob-1") - 1), 1U);
}

TEST_F(Recovers, NotForAnAddressThatItDoesNotStandOn)
{
    call();
    network_changed(*rig_.node, {"192.0.2.99"});
    rig_.settle();
    EXPECT_FALSE(told(kReconnecting));
}

TEST_F(Recovers, AnOfferThatWasOpenOnTheLinkThatEndedIsMadeAgain)
{
    call();
    MediaChange hold;
    hold.hold = true;
    call_->change(hold);
    rig_.settle();
    ASSERT_EQ(offers(), 1U);
    break_link();
    peer_follows(); // the restart
    EXPECT_EQ(offers(), 2U);
    EXPECT_EQ(Json::parse(signaling().offered)["media"][0]["direction"], "sendonly") << "held";
}

TEST_F(Recovers, NobodyWhoHangsUpMeanwhile)
{
    call();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    break_link();
    call_->hang_up();
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_OK);
}

// --- silence --------------------------------------------------------------------------------------------------------

class FallsSilent : public Recovers {
protected:
    /// The call runs, and has been heard.
    void hear_each_other()
    {
        call();
        packet();
        call_->bell.ring(); // as the first sound that is decoded does
        rig_.settle();
        pings_ = rig_.multiplexer().pings; // the call has measured the link
    }
    void packet() { rig_.stage.get<MediaTransportDouble::Session>("transport").listener().arrived(0); }
    int pings() { return rig_.multiplexer().pings - pings_; }
    void silence(StepClock::duration time) { rig_.advance(time); }

    int pings_ = 0;
};

TEST_F(FallsSilent, AndTheLinkIsAskedAfterHalfASecond)
{
    hear_each_other();
    silence(499ms);
    EXPECT_EQ(pings(), 0);
    silence(1ms);
    EXPECT_EQ(pings(), 1);
    silence(999ms);
    EXPECT_EQ(pings(), 1) << "once";
    EXPECT_FALSE(told(kReconnecting)) << "it lives: the peer may have nothing to say";
}

TEST_F(FallsSilent, NotWhilePacketsCome)
{
    hear_each_other();
    for (int i = 0; i < 20; ++i) {
        silence(490ms);
        packet();
    }
    EXPECT_EQ(pings(), 0);
    EXPECT_FALSE(told(kReconnecting));
    silence(499ms);
    EXPECT_EQ(pings(), 0) << "it counts from the last one";
    silence(1ms);
    EXPECT_EQ(pings(), 1);
}

TEST_F(FallsSilent, AndALinkThatDoesNotAnswerIsOpenedAnew)
{
    hear_each_other();
    rig_.stage.script.pong = Play::fails;
    silence(500ms);
    EXPECT_TRUE(told(kReconnecting + ": the link to the peer gives no sign of life"));
    EXPECT_TRUE(told("media progress moved to another link"));
}

TEST_F(FallsSilent, AndAfterASecondAndAHalfAnotherWayIsLookedForOnce)
{
    hear_each_other();
    silence(500ms);
    silence(999ms);
    EXPECT_EQ(offers(), 0U);
    silence(1ms);
    EXPECT_TRUE(told(kReconnecting + ": nothing comes from the peer"));
    peer_follows();
    EXPECT_TRUE(told("media progress reconnected"));
    for (int i = 0; i < 10; ++i)
        silence(1s);
    EXPECT_EQ(offers(), 1U) << "a peer that has nothing to say is left alone";
}

TEST_F(FallsSilent, AndASecondSilenceIsAnother)
{
    hear_each_other();
    silence(500ms);
    silence(1s);
    peer_follows();
    packet();
    rig_.settle();
    silence(1s); // a look in between
    packet();
    silence(1s);
    packet();
    silence(1s);
    silence(500ms);
    silence(500ms);
    EXPECT_EQ(offers(), 2U);
}

TEST_F(FallsSilent, OnAWayThatWasFoundAnewAsWell)
{
    hear_each_other();
    lose_consent();
    peer_follows();
    ASSERT_TRUE(told("media progress reconnected"));
    silence(500ms);
    silence(1s);
    EXPECT_EQ(offers(), 2U) << "what was found does not carry anything";
}

TEST_F(FallsSilent, AndIsNotGivenUpForThatAlone)
{
    hear_each_other();
    for (int i = 0; i < 50; ++i)
        silence(1s); // and the offer is not answered
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(FallsSilent, AndIsLeftAloneWhereNoOtherWayCanBeLookedFor)
{
    rig_.stage.script.restart = Play::fails;
    hear_each_other();
    for (int i = 0; i < 50; ++i)
        silence(1s);
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(FallsSilent, AsItMayOnHold)
{
    hear_each_other();
    MediaChange hold;
    hold.hold = true;
    call_->change(hold);
    rig_.settle();
    Json answer = Json::parse(peer_answer(signaling().offered));
    answer["media"][0]["direction"] = "recvonly";
    signaling().update_answered(answer.dump());
    rig_.settle();
    const std::size_t before = offers();
    for (int i = 0; i < 10; ++i)
        silence(1s);
    EXPECT_EQ(pings(), 0);
    EXPECT_EQ(offers(), before);
}

TEST_F(FallsSilent, FromTheBeginning)
{
    call();
    silence(1s);
    silence(2999ms);
    EXPECT_FALSE(told(kReconnecting)) << "its codecs may take a while";
    silence(1ms);
    EXPECT_TRUE(told(kReconnecting + ": nothing comes from the peer"));
}

// --- how long to wait for an answer ---------------------------------------------------------------------------------

TEST(RoundTrip, IsWaitedForAsLongAsItUsuallyTakes)
{
    RoundTrip round_trip;
    EXPECT_EQ(round_trip.patience(), limits::kPingInCall) << "nothing is known";
    round_trip.note(1ms);
    EXPECT_EQ(round_trip.patience(), limits::kShortestPing);
    for (int i = 0; i < 50; ++i)
        round_trip.note(300ms);
    EXPECT_GE(round_trip.patience(), 850ms) << "twice there and back, and what TCP needs";
    EXPECT_LT(round_trip.patience(), 950ms);
    for (int i = 0; i < 50; ++i)
        round_trip.note(5s);
    EXPECT_EQ(round_trip.patience(), limits::kLongestPing);
}

TEST(RoundTrip, ThatVariesIsWaitedForLonger)
{
    RoundTrip steady;
    RoundTrip varying;
    for (int i = 0; i < 50; ++i) {
        steady.note(200ms);
        varying.note(i % 2 == 0 ? 100ms : 300ms);
    }
    EXPECT_GT(varying.patience(), steady.patience() + 200ms);
}

} // namespace
