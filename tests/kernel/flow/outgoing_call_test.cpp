// The calling side when all goes well: every step of the table, in its order.

#include "tests/kernel/doubles/media_source.hpp"
#include "tests/kernel/doubles/multiplexer.hpp"
#include "tests/kernel/doubles/path_decorator.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

TEST(OutgoingCall, GoesThroughTheStepsInTheOrderOfTheTable)
{
    Rig rig;
    const auto call = rig.call();
    EXPECT_EQ(rig.told,
              (Lines{"call start", "discovery start", "discovery done", "request start", "request done", "answer start",
                     "answer done", "connectivity start", "connectivity done tcp", "secure_channel start",
                     "secure_channel done", "signaling start", "signaling progress ringing", "media_connectivity start",
                     "signaling done", "media_connectivity done", "media start", "media progress codecs_open"}));
    EXPECT_EQ(rig.program->rang, 1);
    EXPECT_EQ(rig.program->heard_answer, 1);
    call->hang_up();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call done");
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_OK);
    EXPECT_TRUE(rig.program->end.answered);
    EXPECT_FALSE(rig.program->end.by_peer);
    EXPECT_EQ(rig.signaling().said, (Lines{"invite", "bye normal"}));
}

TEST(OutgoingCall, OverDatagramsAddsAReliableStream)
{
    Rig rig;
    rig.node->settings.control_policy = ControlPolicy::kUdpOnly;
    rig.call();
    EXPECT_TRUE(rig.was_told("connectivity done udp"));
    EXPECT_TRUE(rig.was_told("reliable_stream done"));
    EXPECT_TRUE(rig.reliable().initiator());
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(OutgoingCall, PutsDecoratorsAtEverySeam)
{
    for (const auto policy : {ControlPolicy::kUdpOnly, ControlPolicy::kTcpOnly}) {
        Rig rig({.decorators = 1});
        rig.node->settings.control_policy = policy;
        const auto call = rig.call();
        EXPECT_EQ(rig.program->heard_answer, 1);
        for (const std::string place : {"control 1", "secured 1", "signaling 1", "media 1"})
            ASSERT_EQ(rig.stage.count("decorator " + place), 1U) << rig.stage.names();
        EXPECT_TRUE(rig.stage.get<PathDecoratorDouble::Session>("decorator media 1").initiator);
        call->hang_up();
        rig.settle();
        EXPECT_EQ(rig.stage.count("decorator media 1"), 0U) << "it goes with the call";
        EXPECT_EQ(rig.stage.count("decorator control 1"), 1U) << "it stays with the link";
    }
}

TEST(OutgoingCall, SignalsOverAChannelIfThereIsAMultiplexer)
{
    for (const auto policy : {ControlPolicy::kUdpOnly, ControlPolicy::kTcpOnly}) {
        Rig rig({.multiplexer = true});
        rig.node->settings.control_policy = policy;
        rig.call();
        EXPECT_TRUE(rig.was_told("multiplexer done"));
        EXPECT_EQ(rig.program->heard_answer, 1);
        EXPECT_TRUE(rig.stage.get<MultiplexerDouble::Session>("multiplexer").initiator());
        EXPECT_TRUE(rig.signaling().stands_on(rig.stage.get<Actor>("channel signaling")));
    }
}

TEST(OutgoingCall, ThatGetsNoChannelFailsAtThatStep)
{
    Rig rig({.multiplexer = true});
    rig.stage.script.channel = Play::fails;
    rig.stage.script.status = JF_REFUSED;
    rig.call();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_REFUSED);
    EXPECT_EQ(rig.program->end.step, Step::multiplexer);
}

TEST(OutgoingCall, ADecoratorThatCannotTakeThePathEndsTheCallWithItsWords)
{
    Rig rig({.decorators = 1});
    rig.stage.script.decorate = 1;
    rig.stage.script.status = JF_UNSUPPORTED;
    rig.call();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_UNSUPPORTED);
    EXPECT_NE(rig.program->end.error.text.find(kScripted), std::string::npos) << rig.program->end.error.text;
}

TEST(OutgoingCall, NegotiatesMediaWhileItRings)
{
    Rig rig;
    rig.stage.script.accept = Play::waits;
    rig.call();
    EXPECT_EQ(rig.told.back(), "media start") << "all is ready before anybody picks up";
    EXPECT_EQ(rig.stage.count("transport"), 1U);
    EXPECT_EQ(rig.stage.count("encoder"), 1U);
    rig.signaling().answered();
    rig.settle();
    EXPECT_TRUE(rig.stage.get<MediaSourceDouble::Session>("source").started);
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(OutgoingCall, WhoIsControllingAndWhoIsTlsClientIsTheCaller)
{
    Rig rig;
    rig.stage.script.udp = Play::waits;
    rig.stage.script.tls = Play::waits;
    rig.call();
    EXPECT_EQ(rig.ice("control-udp").role, static_cast<std::uint32_t>(JF_CONTROLLING));
    EXPECT_EQ(rig.ice("control-tcp").role, static_cast<std::uint32_t>(JF_CONTROLLING));
    EXPECT_EQ(rig.ice("media").role, static_cast<std::uint32_t>(JF_CONTROLLING));
    EXPECT_TRUE(rig.tls().client);
    EXPECT_EQ(rig.tls().expected.account_id, "bob");
    EXPECT_EQ(rig.tls().expected.device_id, "bob-1");
}

TEST(OutgoingCall, HearsTheRestOfTheStepsFromThePeer)
{
    Rig rig;
    rig.call();
    rig.signaling().ended();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call done");
    EXPECT_TRUE(rig.program->end.by_peer);
    EXPECT_EQ(rig.signaling().said, (Lines{"invite"})) << "a goodbye is not answered with another";
}

TEST(OutgoingCall, TakesMediaDownBeforeThePathsBelowIt)
{
    Rig rig;
    rig.call();
    rig.close();
    const auto& gone = rig.stage.gone();
    const auto place = [&](std::string_view name) { return std::ranges::find(gone, name) - gone.begin(); };
    EXPECT_LT(place("source"), place("transport"));
    EXPECT_LT(place("transport"), place("media"));
    EXPECT_LT(place("media"), place("signaling bob-1"));
    EXPECT_LT(place("signaling bob-1"), place("tls bob-1"));
    EXPECT_LT(place("tls bob-1"), place("control-tcp"));
    EXPECT_EQ(std::ranges::count(gone, "control-tcp"), 1);
    EXPECT_EQ(std::ranges::count(gone, "control-udp"), 1) << "the path that was not taken";
}

TEST(OutgoingCall, TellsTheProgramWhenItsSourceHasEnded)
{
    Rig rig;
    rig.call();
    rig.stage.get<MediaSourceDouble::Session>("source").end();
    EXPECT_EQ(rig.program->sources_ended, 1);
    EXPECT_EQ(rig.program->ends, 0) << "what that means for the call is for the program to say";
}

TEST(OutgoingCall, TricklesCandidatesThatAreFoundLate)
{
    Rig rig;
    rig.stage.script.tcp = Play::waits;
    rig.stage.script.udp = Play::waits;
    rig.stage.script.accept = Play::waits;
    rig.call();
    rig.ice("control-udp").candidate("S1 1 UDP 1 198.51.100.1 1 typ srflx");
    rig.ice("control-udp").candidate("R1 1 UDP 1 198.51.100.9 1 typ relay");
    rig.settle();
    ASSERT_EQ(rig.discovery().count("bob-1", JF_CALL_CANDIDATES), 1U) << "those of one turn go out together";
    EXPECT_EQ(rig.discovery().sent.back().message.blob,
              "S1 1 UDP 1 198.51.100.1 1 typ srflx\nR1 1 UDP 1 198.51.100.9 1 typ relay\n");
    EXPECT_EQ(rig.discovery().sent.back().message.call_id, rig.discovery().request_to("bob-1").call_id);
    rig.ice("control-tcp").up();
    rig.settle();
    rig.ice("media").candidate("S2 1 UDP 1 198.51.100.1 2 typ srflx");
    rig.settle();
    EXPECT_EQ(rig.signaling().infos, (Lines{"a=candidate:S2 1 UDP 1 198.51.100.1 2 typ srflx\r\n"}));
}

TEST(OutgoingCall, UsesCandidatesOfThePeerThatComeLate)
{
    Rig rig;
    rig.stage.script.tcp = Play::waits;
    rig.stage.script.udp = Play::waits;
    rig.call();
    const auto id = rig.discovery().request_to("bob-1").call_id;
    const jackfield::Device bob("bob", "bob-1", "chain");
    rig.discovery().hear(bob, JF_CALL_CANDIDATES, id,
                         "S1 1 UDP 1 203.0.113.1 1 typ srflx\nnonsense\n"
                         "S2 1 tcp 1 203.0.113.1 9 typ srflx\n");
    rig.settle();
    EXPECT_EQ(rig.ice("control-udp").remote_candidates, (Lines{"S1 1 UDP 1 203.0.113.1 1 typ srflx"}));
    EXPECT_EQ(rig.ice("control-tcp").remote_candidates, (Lines{"S2 1 tcp 1 203.0.113.1 9 typ srflx"}));
}

// Datagrams go over TCP where both ends open it at the same time (RFC 6544).
TEST(OutgoingCall, SaysOfALateCandidateOfTcpThatItIsForDatagrams)
{
    Rig rig;
    rig.stage.script.tcp = rig.stage.script.udp = rig.stage.script.answer = Play::waits;
    rig.call();
    rig.ice("control-udp").candidate("S1 1 TCP 1 198.51.100.1 1 typ srflx tcptype so");
    rig.ice("control-tcp").candidate("S2 1 TCP 1 198.51.100.1 2 typ srflx tcptype so");
    rig.settle();
    EXPECT_EQ(rig.discovery().sent.back().message.blob, "S1 1 TCP 1 198.51.100.1 1 typ srflx tcptype so ufrag aaaa\n"
                                                        "S2 1 TCP 1 198.51.100.1 2 typ srflx tcptype so\n");
}

TEST(OutgoingCall, GivesLateCandidatesOfTcpToTheSessionThatTheyAreFor)
{
    Rig rig;
    rig.stage.script.tcp = rig.stage.script.udp = Play::waits;
    rig.call();
    const std::string ufrag(rig.ice("control-udp").remote.substr(0, rig.ice("control-udp").remote.find('\n')));
    ASSERT_FALSE(ufrag.empty());
    const std::string line = "S1 1 TCP 1 203.0.113.1 1 typ srflx tcptype so";
    rig.discovery().hear(jackfield::Device("bob", "bob-1", "chain"), JF_CALL_CANDIDATES,
                         rig.discovery().request_to("bob-1").call_id,
                         line + " ufrag " + ufrag + "\n" + line + " ufrag zzzz\n" + line + " ufrag \n");
    rig.settle();
    EXPECT_EQ(rig.ice("control-udp").remote_candidates, Lines{line});
    EXPECT_TRUE(rig.ice("control-tcp").remote_candidates.empty()) << "it would connect in vain";
}

TEST(OutgoingCall, GoesOnWithoutACandidateThatCouldNotBeSent)
{
    Rig rig;
    rig.stage.script.answer = Play::waits;
    rig.call();
    rig.stage.script.send = Play::fails;
    rig.ice("control-udp").candidate("S1 1 UDP 1 198.51.100.1 1 typ srflx");
    rig.settle();
    rig.discovery().answer("bob-1");
    rig.settle();
    EXPECT_EQ(rig.program->heard_answer, 1) << rig.told.back();
}

// --- a request that was made while there was no network -------------------------------------------------------------

/// It is on its way; the answer comes by hand.
struct AskedRig : Rig {
    AskedRig()
    {
        stage.script.answer = Play::waits;
        call();
    }

    void answered_after(std::chrono::milliseconds time)
    {
        advance(time);
        discovery().answer("bob-1");
        settle();
    }

    std::size_t asked() { return discovery().count("bob-1", JF_CALL_REQUEST); }

    std::size_t conversations()
    {
        std::set<std::uint64_t> ids;
        for (const auto& one : discovery().sent)
            ids.insert(one.message.call_id);
        return ids.size();
    }
};

TEST(ARequest, ThatIsNotAnsweredSoonIsSentOnceMoreWithWhatWasFoundMeanwhile)
{
    AskedRig rig;
    const auto first = rig.discovery().request_to("bob-1").call_id;
    const std::string line = "S1 1 UDP 1694498815 203.0.113.7 4000 typ srflx raddr 192.0.2.1 rport 1000";
    rig.ice("control-udp").candidate(line);
    rig.advance(limits::kAskAgain - 1ms);
    EXPECT_EQ(rig.asked(), 1U);
    rig.advance(1ms);
    EXPECT_EQ(rig.asked(), 2U);
    EXPECT_EQ(rig.discovery().request_to("bob-1").call_id, first) << "whoever has heard the first knows it";
    EXPECT_NE(rig.discovery().request_to("bob-1").blob.find(line), std::string::npos);
    EXPECT_TRUE(rig.was_told("answer progress asked again"));
    rig.advance(10s);
    EXPECT_EQ(rig.asked(), 2U);
    rig.answered_after(0ms);
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(ARequest, ThatWasRefusedIsNotSentAgain)
{
    AskedRig rig;
    rig.discovery().hear(jackfield::Device("bob", "bob-1", "chain of bob-1"), JF_CALL_REFUSAL,
                         rig.discovery().request_to("bob-1").call_id);
    rig.settle();
    rig.advance(10s);
    EXPECT_EQ(rig.asked(), 1U);
}

TEST(LateAnswer, ToCandidatesThatNoServerHasSeenLeadsToANewRequest)
{
    AskedRig rig;
    const auto first = rig.discovery().request_to("bob-1").call_id;
    rig.answered_after(3s);
    EXPECT_EQ(rig.conversations(), 2U);
    EXPECT_NE(rig.discovery().request_to("bob-1").call_id, first) << "it is another conversation";
    EXPECT_TRUE(rig.was_told("answer progress late answer"));
    EXPECT_EQ(rig.stage.count("control-udp"), 1U) << "what was gathered without a network has gone";
    rig.answered_after(100ms);
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(LateAnswer, IsWaitedForOnceOnly)
{
    AskedRig rig;
    rig.answered_after(3s);
    rig.answered_after(5s); // it is the way to the peer that is slow
    EXPECT_EQ(rig.conversations(), 2U);
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(LateAnswer, BeforeThreeSecondsIsNone)
{
    AskedRig rig;
    rig.answered_after(2999ms);
    EXPECT_EQ(rig.conversations(), 1U);
    EXPECT_EQ(rig.program->heard_answer, 1);
}

TEST(LateAnswer, IsGoodEnoughWhereAServerHasSeenUs)
{
    AskedRig rig;
    rig.ice("control-udp").candidate("S1 1 UDP 1694498815 203.0.113.7 4000 typ srflx raddr 192.0.2.1 rport 1000");
    rig.answered_after(3s);
    EXPECT_EQ(rig.conversations(), 1U);
    EXPECT_EQ(rig.program->heard_answer, 1);
}

} // namespace
