// The called side from the invitation on: ring, decide, media, goodbye; and every way in which that ends.

#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

TEST(IncomingCall, GoesThroughTheStepsInTheOrderOfTheTable)
{
    Rig rig;
    const auto call = rig.be_called();
    EXPECT_EQ(rig.told,
              (Lines{"request done", "answer done", "secure_channel done", "call start", "media_connectivity start",
                     "signaling progress ringing", "media_connectivity done", "media start"}))
        << "media is ready while it rings";
    EXPECT_EQ(rig.signaling().said, Lines{"ring"});
    EXPECT_EQ(rig.program->rang, 1);
    call->answer();
    rig.settle();
    EXPECT_TRUE(rig.was_told("signaling done"));
    EXPECT_EQ(rig.told.back(), "media progress codecs_open");
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "answer"}));
    EXPECT_EQ(rig.program->heard_answer, 1);
    call->hang_up();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call done");
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "answer", "bye normal"}));
    EXPECT_EQ(rig.ice("control-tcp").role, static_cast<std::uint32_t>(JF_CONTROLLED));
    EXPECT_FALSE(rig.tls().client);
}

TEST(IncomingCall, IsControlledInMediaToo)
{
    Rig rig;
    rig.be_called();
    EXPECT_EQ(rig.ice("media").role, static_cast<std::uint32_t>(JF_CONTROLLED));
    EXPECT_EQ(rig.ice("media").components, 1U) << "both can bundle";
}

TEST(IncomingCall, AnsweredAtTheFirstRingGoesThrough)
{
    Rig rig;
    rig.program->answers = true;
    rig.be_called();
    EXPECT_EQ(rig.program->heard_answer, 1);
    EXPECT_EQ(rig.told.back(), "media progress codecs_open");
}

TEST(IncomingCall, TheCallerMayHangUp)
{
    Rig rig;
    rig.program->answers = true;
    rig.be_called();
    rig.signaling().ended();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call done");
    EXPECT_TRUE(rig.program->end.by_peer);
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "answer"}));
}

// --- it is not taken ------------------------------------------------------------------------------------------------

TEST(IncomingCall, RefusedHereIsSaidToTheCaller)
{
    Rig rig;
    rig.be_called()->refuse(JF_REASON_DECLINED);
    rig.settle();
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "refuse declined"}));
    EXPECT_EQ(rig.told.back(), "call failed refused at signaling: refused here");
    EXPECT_EQ(rig.program->ends, 1);
}

TEST(IncomingCall, ThatTheProgramDoesNotWantDoesNotEvenRing)
{
    Rig rig;
    rig.refuse_incoming = JF_REASON_BUSY;
    rig.be_called();
    EXPECT_EQ(rig.signaling().said, Lines{"refuse busy"});
    EXPECT_EQ(rig.program->rang, 0);
    EXPECT_EQ(rig.stage.count("media"), 0U);
    EXPECT_EQ(rig.told.back(), "call failed refused at signaling: refused here");
}

TEST(IncomingCall, ThatNobodyTakesEndsAtTheTimeOfTheConfiguration)
{
    Rig rig;
    rig.be_called();
    rig.advance(30s - 1ms);
    EXPECT_EQ(rig.program->ends, 0);
    rig.advance(2ms);
    EXPECT_EQ(rig.told.back(), "call failed timeout at signaling: nobody answered");
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "refuse no answer"}));
}

TEST(IncomingCall, ThatTheCallerGivesUpEnds)
{
    Rig rig;
    rig.be_called();
    rig.signaling().listener().cancelled(1, JF_REASON_CANCELLED);
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call failed cancelled at signaling: the caller gave up");
    EXPECT_TRUE(rig.program->end.by_peer);
    EXPECT_EQ(rig.signaling().said, Lines{"ring"});
}

TEST(IncomingCall, ThatAnotherDeviceTookSaysSo)
{
    Rig rig;
    rig.be_called();
    rig.signaling().listener().cancelled(1, JF_REASON_ELSEWHERE);
    rig.settle();
    EXPECT_EQ(rig.program->end.reason, static_cast<std::uint32_t>(JF_REASON_ELSEWHERE));
}

TEST(IncomingCall, ThatIsGivenUpInTheTurnItCameDoesNotRing)
{
    Rig rig;
    rig.request();
    rig.signaling().invited();
    rig.signaling().listener().cancelled(1, JF_REASON_CANCELLED);
    rig.settle();
    EXPECT_EQ(rig.program->rang, 0);
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.told.back(), "call failed cancelled at signaling: the caller gave up");
    EXPECT_EQ(rig.signaling().said, Lines());
}

TEST(IncomingCall, ThatIsGivenUpWhileCandidatesAreGatheredDoesNotRing)
{
    Rig rig;
    rig.stage.script.gather = Play::waits;
    rig.be_called();
    EXPECT_EQ(rig.program->rang, 0);
    rig.signaling().listener().cancelled(1, JF_REASON_CANCELLED);
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1) << "at once";
    EXPECT_EQ(rig.program->rang, 0);
    EXPECT_EQ(rig.signaling().said, Lines());
}

TEST(IncomingCall, RingsWithoutCandidatesThatTakeTooLong)
{
    Rig rig;
    rig.stage.script.gather = Play::waits;
    rig.be_called();
    rig.advance(151ms);
    EXPECT_EQ(rig.program->rang, 1);
}

TEST(IncomingCall, RingsAtOnceWithoutCandidatesThatNobodyShouldWaitFor)
{
    Rig rig;
    rig.stage.script.gather = Play::waits;
    rig.be_called();
    EXPECT_EQ(rig.program->rang, 0);
    rig.stage.get<ConnectivityDouble::Session>("media").enough();
    rig.settle();
    EXPECT_EQ(rig.program->rang, 1);
}

TEST(IncomingCall, WithAnOfferThatIsNoneIsNotAcceptable)
{
    for (const std::string offer : {"", "{}", "[1", R"({"media":[]})"}) {
        Rig rig;
        rig.request();
        rig.signaling().invited(1, offer);
        rig.settle();
        EXPECT_EQ(rig.signaling().said, Lines{"refuse not acceptable"}) << offer;
        EXPECT_EQ(rig.program->end.step, Step::signaling) << offer;
        EXPECT_EQ(rig.program->end.error.status, JF_BAD_INPUT) << offer;
        EXPECT_EQ(rig.program->rang, 0);
    }
}

TEST(IncomingCall, WithoutACommonCodecIsNotAcceptable)
{
    Rig rig;
    rig.request();
    std::string offer = peer_offer();
    offer.replace(offer.find("tone"), 4, "hiss");
    rig.signaling().invited(1, offer);
    rig.settle();
    EXPECT_EQ(rig.signaling().said, Lines{"refuse not acceptable"});
    EXPECT_EQ(rig.program->end.error.status, JF_UNSUPPORTED);
}

TEST(IncomingCall, WhoseMediaCannotBeGatheredHasFailed)
{
    Rig rig;
    rig.request();
    rig.stage.script.gather = Play::fails;
    rig.signaling().invited();
    rig.settle();
    EXPECT_EQ(rig.signaling().said, Lines{"refuse failed"});
    EXPECT_EQ(rig.program->end.step, Step::media_connectivity);
}

TEST(IncomingCall, WhoseMediaPathsFailIsSaidToTheCaller)
{
    Rig rig;
    rig.stage.script.media = Play::fails;
    rig.program->answers = true;
    rig.be_called();
    EXPECT_EQ(rig.program->end.step, Step::media_connectivity);
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "answer", "bye failed"}));
}

TEST(IncomingCall, WhoseMediaPathsTakeTooLongIsSaidToTheCaller)
{
    Rig rig;
    rig.stage.script.media = Play::waits;
    rig.program->answers = true;
    rig.be_called();
    rig.advance(15s - 1ms);
    EXPECT_EQ(rig.program->ends, 0);
    rig.advance(2ms);
    EXPECT_EQ(rig.told.back(), "call failed unreachable at media_connectivity: no path for media in time");
    EXPECT_EQ(rig.signaling().said.back(), "bye failed");
}

TEST(IncomingCall, WhoseTransportCannotOpenIsSaidToTheCaller)
{
    Rig rig;
    rig.stage.script.transport = Play::fails;
    rig.be_called();
    EXPECT_EQ(rig.program->end.step, Step::media);
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "refuse failed"}));
}

// --- hanging up and stopping ----------------------------------------------------------------------------------------

TEST(IncomingCall, HungUpHereWhileItRingsIsDeclined)
{
    Rig rig;
    rig.be_called()->hang_up();
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "refuse declined"}));
}

TEST(IncomingCall, HungUpHereBeforeMediaIsUpIsAnOrdinaryGoodbye)
{
    Rig rig;
    rig.stage.script.media = Play::waits;
    rig.program->answers = true;
    rig.be_called()->hang_up();
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.signaling().said, (Lines{"ring", "answer", "bye normal"}));
}

/// Where an incoming call can be, and what holds it there.
const std::vector<std::pair<const char*, void (*)(Rig&)>> kPlaces{
    {"gathering", [](Rig& rig) { rig.stage.script.gather = Play::waits; }},
    {"ringing", [](Rig&) {}},
    {"media paths",
     [](Rig& rig) {
         rig.stage.script.media = Play::waits;
         rig.program->answers = true;
     }},
    {"media", [](Rig& rig) { rig.program->answers = true; }},
};

TEST(IncomingCall, EndsAtOnceWhenTheNodeStopsWhereverItIs)
{
    for (const auto& [name, hold] : kPlaces) {
        Rig rig;
        hold(rig);
        rig.be_called();
        ASSERT_EQ(rig.program->ends, 0) << name;
        rig.close();
        EXPECT_EQ(rig.program->ends, 1) << name;
    }
}

TEST(IncomingCall, OfAPeerThatGoesAwayEndsWhereverItIs)
{
    for (const auto& [name, hold] : kPlaces) {
        Rig rig;
        hold(rig);
        rig.be_called();
        rig.signaling().break_off();
        rig.settle();
        EXPECT_EQ(rig.program->ends, 1) << name;
        EXPECT_TRUE(rig.told.back().ends_with(": the connection to the peer broke: the stream broke"))
            << name << ": " << rig.told.back();
        EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U) << name;
    }
}

TEST(IncomingCall, TwoOnOneLinkDoNotDisturbEachOther)
{
    Rig rig;
    const auto first = rig.be_called();
    rig.signaling().invited(3);
    rig.settle();
    ASSERT_EQ(rig.incoming.size(), 2U);
    rig.incoming[1]->refuse(JF_REASON_BUSY);
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    first->answer();
    rig.settle();
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(IncomingCall, KnowsTheCallersNameAndCandidatesThatComeLate)
{
    Rig rig;
    const auto call = rig.be_called();
    EXPECT_EQ(call->display_name, "Bob");
    EXPECT_EQ(call->peer_account, "bob");
    const std::string_view fragment = "a=candidate:S1 1 UDP 1 203.0.113.1 1 typ srflx\r\na=end-of-candidates\r\n";
    EXPECT_EQ(rig.signaling().listener().info(1, "application/trickle-ice-sdpfrag", jackfield::as_bytes(fragment)),
              JF_OK);
    EXPECT_EQ(rig.ice("media").remote_candidates, (Lines{"S1 1 UDP 1 203.0.113.1 1 typ srflx"}));
    EXPECT_EQ(rig.signaling().listener().info(1, "application/other", jackfield::as_bytes(fragment)), JF_UNSUPPORTED);
    EXPECT_EQ(rig.signaling().listener().info(9, "application/trickle-ice-sdpfrag", jackfield::as_bytes(fragment)),
              JF_UNSUPPORTED);
}

} // namespace
