// The called side until the link is up: what a request sets in motion, how many at once, and how that ends when the
// caller does not come through.

#include "kernel/flow/limits.hpp"
#include "tests/kernel/doubles/multiplexer.hpp"
#include "tests/kernel/doubles/path_decorator.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

class AcceptLink : public ::testing::Test {
protected:
    /// Requests are answered and lead no further by themselves.
    void hold()
    {
        rig_.stage.script.tcp = Play::waits;
        rig_.stage.script.udp = Play::waits;
        rig_.stage.script.tls = Play::waits;
        rig_.stage.script.dtls = Play::waits;
    }
    std::size_t answers(const std::string& device = "bob-1") { return rig_.discovery().count(device, JF_CALL_ANSWER); }

    Rig rig_;
};

TEST_F(AcceptLink, AnswersWithBothDescriptionsAndIsReadyOnBothPaths)
{
    hold();
    rig_.request();
    EXPECT_EQ(rig_.told, (Lines{"request done", "answer done"}));
    ASSERT_EQ(answers(), 1U);
    const auto& blob = rig_.discovery().sent.back().message.blob;
    EXPECT_NE(blob.find("UDP"), std::string::npos);
    EXPECT_NE(blob.find("TCP"), std::string::npos);
    rig_.ice("control-udp").up();
    rig_.ice("control-tcp").up();
    rig_.settle();
    EXPECT_FALSE(rig_.tls().client);
    EXPECT_FALSE(rig_.dtls().client);
    rig_.dtls().secured(); // the caller chose
    rig_.settle();
    EXPECT_FALSE(rig_.reliable().initiator());
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 1U);
    EXPECT_EQ(rig_.stage.count("control-tcp"), 0U) << "the path that was not chosen is gone";
    EXPECT_EQ(rig_.stage.count("tls bob-1"), 0U);
}

TEST_F(AcceptLink, SaysNothingToThoseWhoseCallsAreNotWanted)
{
    const std::string banned(64, 'b');
    ASSERT_EQ(rig_.node->contacts.put({banned, "pest", true}).status, JF_OK);
    rig_.request("pest-1", kPeerBlob, banned);
    ASSERT_EQ(rig_.told.size(), 1U);
    EXPECT_TRUE(rig_.told[0].starts_with("request failed")) << rig_.told[0];
    EXPECT_TRUE(rig_.discovery().sent.empty()) << "as if nobody were here";
    rig_.request();
    EXPECT_EQ(answers(), 1U) << "a stranger's are";
    rig_.node->settings.calls_from = CallsFrom::kContacts;
    rig_.request("carol-1", kPeerBlob, "carol");
    EXPECT_EQ(answers("carol-1"), 0U) << "unless only those of contacts are";
}

TEST_F(AcceptLink, HasRoomForAContactHoweverManyStrangersStandAtTheDoor)
{
    hold();
    const std::string friends(64, 'f');
    ASSERT_EQ(rig_.node->contacts.put({friends, "Fran", false}).status, JF_OK);
    rig_.node->watching.add(friends); // as a running node does with its contacts
    for (int stranger = 0; stranger < 200; ++stranger)
        rig_.request("device-" + std::to_string(stranger), kPeerBlob, "stranger-" + std::to_string(stranger));
    EXPECT_LE(rig_.node->incoming_links, limits::kIncomingLinks);
    EXPECT_EQ(answers("device-199"), 0U) << "the door is full";
    rig_.request("fran-1", kPeerBlob, friends);
    EXPECT_EQ(answers("fran-1"), 1U);
}

TEST(AcceptLinkDecorated, PutsDecoratorsUponThePathsOfTheCaller)
{
    Rig rig({.decorators = 1});
    rig.request();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
    for (const std::string place : {"control 1", "secured 1", "signaling 1"}) {
        const auto* decorator = rig.stage.find<PathDecoratorDouble::Session>("decorator " + place);
        ASSERT_NE(decorator, nullptr) << rig.stage.names();
        EXPECT_FALSE(decorator->initiator);
        EXPECT_EQ(decorator->peer, "bob-1");
    }
}

TEST(AcceptLinkMultiplexed, SignalsOverTheChannelThatTheCallerAskedFor)
{
    Rig rig({.multiplexer = true});
    rig.stage.script.channel = Play::waits;
    rig.request();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U) << "not before there is a channel";
    auto& multiplexer = rig.stage.get<MultiplexerDouble::Session>("multiplexer");
    EXPECT_FALSE(multiplexer.initiator());
    multiplexer.ask("signaling");
    rig.settle();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
}

TEST(AcceptLinkMultiplexed, WhoseStreamEndsBeforeTheChannelHasFailed)
{
    Rig rig({.multiplexer = true});
    rig.node->settings.control_policy = jackfield::kernel::ControlPolicy::kTcpOnly;
    rig.stage.script.channel = Play::waits;
    rig.request();
    rig.stage.get<MultiplexerDouble::Session>("multiplexer").close(JF_UNREACHABLE);
    rig.settle();
    EXPECT_TRUE(rig.told.back().starts_with("multiplexer failed")) << rig.told.back();
}

TEST_F(AcceptLink, UsesCandidatesThatComeLateFromTheCallerOnly)
{
    hold();
    rig_.request();
    const auto id = rig_.discovery().sent.back().message.call_id;
    rig_.discovery().hear(jackfield::Device("bob", "bob-1", "c"), JF_CALL_CANDIDATES, id,
                          "S1 1 UDP 1 203.0.113.1 1 typ srflx\n");
    rig_.discovery().hear(jackfield::Device("m", "mallory", "c"), JF_CALL_CANDIDATES, id,
                          "M1 1 UDP 1 203.0.113.9 1 typ srflx\n");
    rig_.settle();
    EXPECT_EQ(rig_.ice("control-udp").remote_candidates, (Lines{"S1 1 UDP 1 203.0.113.1 1 typ srflx"}));
}

TEST_F(AcceptLink, TricklesItsOwn)
{
    hold();
    rig_.request();
    rig_.ice("control-tcp").candidate("S1 1 TCP 1 198.51.100.1 9 typ srflx tcptype active");
    rig_.settle();
    EXPECT_EQ(rig_.discovery().count("bob-1", JF_CALL_CANDIDATES), 1U);
}

TEST_F(AcceptLink, SaysNothingToARequestThatMakesNoSense)
{
    rig_.request("bob-1", "H1 1 UDP 2130706431 192.0.2.2 1000 typ host\n");
    EXPECT_EQ(answers(), 0U) << "a request nobody can use is not answered";
    EXPECT_EQ(rig_.told.back(), "request failed bad input: the peer's candidates come without credentials");
    EXPECT_EQ(rig_.stage.count("control-udp"), 0U);
    rig_.be_called();
    EXPECT_EQ(rig_.program->rang, 1) << "the next request is none the worse";
}

TEST_F(AcceptLink, EndsWhenTheCallerDoesNotComeThroughInTime)
{
    hold();
    rig_.request();
    rig_.advance(15s - 1ms);
    EXPECT_EQ(rig_.node->incoming_links, 1);
    rig_.advance(2ms);
    EXPECT_EQ(rig_.told.back(), "connectivity failed unreachable: the caller did not get through to us");
    EXPECT_EQ(rig_.node->incoming_links, 0);
    EXPECT_EQ(rig_.stage.count("control-udp"), 0U);
}

TEST_F(AcceptLink, EndsAtOnceWhenNoPathCanComeAnyMore)
{
    hold();
    rig_.request();
    rig_.ice("control-udp").fail(JF_UNREACHABLE);
    rig_.ice("control-tcp").fail(JF_UNREACHABLE);
    rig_.settle();
    EXPECT_EQ(rig_.node->incoming_links, 0);
}

TEST_F(AcceptLink, EndsAtOnceWhenTheHandshakeOnTheOnlyPathFails)
{
    hold();
    rig_.request();
    rig_.ice("control-udp").fail(JF_UNREACHABLE);
    rig_.ice("control-tcp").up();
    rig_.settle();
    rig_.tls().fail(JF_UNAUTHENTICATED, "not the device that signed the request");
    rig_.settle();
    EXPECT_EQ(rig_.told.back(), "secure_channel failed unauthenticated: not the device that signed the request");
    EXPECT_EQ(rig_.node->incoming_links, 0) << "a stranger does not hold a place for longer than he must";
}

TEST_F(AcceptLink, EndsAtOnceWhenTheCallerIsSomebodyElse)
{
    hold();
    rig_.request();
    rig_.ice("control-tcp").up();
    rig_.settle();
    rig_.tls().fail(JF_UNAUTHENTICATED, "issued by another account");
    rig_.settle();
    EXPECT_EQ(rig_.told.back(), "secure_channel failed unauthenticated: issued by another account");
    EXPECT_EQ(rig_.node->incoming_links, 0) << "he would be that over UDP, too";
}

TEST_F(AcceptLink, WaitsForTheOtherPathWhenOneHandshakeFails)
{
    hold();
    rig_.request();
    rig_.ice("control-tcp").up();
    rig_.settle();
    rig_.tls().fail(JF_CLOSED, "the caller went away from this path");
    rig_.settle();
    EXPECT_EQ(rig_.node->incoming_links, 1);
    rig_.ice("control-udp").up();
    rig_.settle();
    rig_.dtls().secured();
    rig_.settle();
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 1U);
}

TEST_F(AcceptLink, NeedsTheReliableStreamOverDatagrams)
{
    hold();
    rig_.stage.script.reliable = Play::fails;
    rig_.request();
    rig_.ice("control-udp").up();
    rig_.settle();
    rig_.dtls().secured();
    rig_.settle();
    EXPECT_EQ(rig_.stage.count("signaling bob-1"), 0U);
    rig_.ice("control-tcp").fail(JF_UNREACHABLE);
    rig_.settle();
    EXPECT_EQ(rig_.told.back(), "reliable_stream failed unreachable: as the script says");
    EXPECT_EQ(rig_.node->incoming_links, 0);
}

TEST_F(AcceptLink, EndsAtOnceWhenTheNodeStops)
{
    hold();
    rig_.request("bob-1");
    rig_.request("bob-2");
    rig_.ice("control-tcp").up();
    rig_.settle();
    rig_.close(); // it says so if a flow went on
}

TEST_F(AcceptLink, TakesNoRequestWhileTheNodeStops)
{
    rig_.node->stopping = true;
    rig_.request();
    EXPECT_EQ(answers(), 0U);
}

TEST_F(AcceptLink, LetsFourAtOnceInOfOneAccount)
{
    hold();
    for (int i = 1; i <= 6; ++i)
        rig_.request("bob-" + std::to_string(i));
    EXPECT_EQ(rig_.node->incoming_links, limits::kIncomingLinksPerAccount);
    EXPECT_EQ(answers("bob-4"), 1U);
    EXPECT_EQ(answers("bob-5"), 0U);
    rig_.request("carol-1", kPeerBlob, "carol");
    EXPECT_EQ(answers("carol-1"), 1U) << "another account has places of its own";
    rig_.advance(16s);
    EXPECT_EQ(rig_.node->incoming_links, 0);
    rig_.request("bob-5");
    EXPECT_EQ(answers("bob-5"), 1U) << "and there is room again";
}

TEST_F(AcceptLink, MakesRoomForANewRequestOfAnAccountWhoseEarlierOnesItHasGivenUp)
{
    hold();
    for (int i = 1; i <= 4; ++i)
        rig_.request("bob-" + std::to_string(i));
    rig_.advance(900ms);
    rig_.request("bob-5");
    EXPECT_EQ(answers("bob-5"), 0U) << "nobody asks that fast";
    rig_.advance(200ms);
    rig_.request("bob-6");
    EXPECT_EQ(answers("bob-6"), 1U);
    EXPECT_EQ(rig_.node->incoming_links, limits::kIncomingLinksPerAccount);
    EXPECT_EQ(
        std::ranges::count_if(rig_.told, [](const auto& line) { return line.starts_with("connectivity failed"); }), 1)
        << "the oldest has ended";
    for (int i = 0; i < 100; ++i)
        rig_.request("bob-7");
    EXPECT_EQ(answers("bob-7"), 3U) << "those that had waited that long";
    EXPECT_EQ(rig_.node->incoming_links, limits::kIncomingLinksPerAccount);
}

TEST_F(AcceptLink, LetsSixtyFourAtOnceInOfAll)
{
    hold();
    for (int i = 0; i < 70; ++i)
        rig_.request("device-" + std::to_string(i), kPeerBlob, "account-" + std::to_string(i));
    EXPECT_EQ(rig_.node->incoming_links, limits::kIncomingLinks);
    EXPECT_EQ(answers("device-63"), 1U);
    EXPECT_EQ(answers("device-64"), 0U);
}

TEST_F(AcceptLink, DoesNotCountOneThatIsUp)
{
    for (int i = 1; i <= 6; ++i)
        rig_.request("bob-" + std::to_string(i));
    EXPECT_EQ(answers("bob-6"), 1U);
    EXPECT_EQ(rig_.node->incoming_links, 0);
}

TEST_F(AcceptLink, ARequestThatComesAgainIsAnsweredAgainForOurAnswerMayBeLostAndIsOneLink)
{
    hold();
    const jackfield::Device bob("bob", "bob-1", "c");
    rig_.discovery().hear(bob, JF_CALL_REQUEST, 7);
    rig_.settle();
    rig_.discovery().hear(bob, JF_CALL_REQUEST, 7);
    rig_.settle();
    EXPECT_EQ(answers(), 2U);
    EXPECT_EQ(rig_.node->incoming_links, 1);
    for (int i = 0; i < 5; ++i)
        rig_.discovery().hear(bob, JF_CALL_REQUEST, 7);
    rig_.settle();
    EXPECT_EQ(answers(), 3U) << "not for ever";
}

TEST_F(AcceptLink, ARequestThatComesTwiceInOneTurnIsOneLink)
{
    hold();
    const jackfield::Device bob("bob", "bob-1", "c");
    rig_.discovery().hear(bob, JF_CALL_REQUEST, 7);
    rig_.discovery().hear(bob, JF_CALL_REQUEST, 7);
    rig_.settle();
    EXPECT_EQ(rig_.node->incoming_links, 1);
}

TEST_F(AcceptLink, AnAnswerThatIsSaidAgainHasTheCandidatesThatWereFoundMeanwhile)
{
    hold();
    const jackfield::Device bob("bob", "bob-1", "c");
    rig_.discovery().hear(bob, JF_CALL_REQUEST, 7);
    rig_.settle();
    const std::string line = "S1 1 UDP 1694498815 203.0.113.7 4000 typ srflx raddr 192.0.2.1 rport 1000";
    rig_.ice("control-udp").candidate(line);
    rig_.settle();
    rig_.discovery().hear(bob, JF_CALL_REQUEST, 7);
    rig_.settle();
    ASSERT_EQ(answers(), 2U);
    EXPECT_NE(rig_.discovery().sent.back().message.blob.find(line), std::string::npos);
}

TEST_F(AcceptLink, AnothersRequestWithTheIdOfOneThatRunsIsNotAnswered)
{
    hold();
    rig_.discovery().hear(jackfield::Device("bob", "bob-1", "c"), JF_CALL_REQUEST, 7);
    rig_.settle();
    rig_.discovery().hear(jackfield::Device("m", "mallory", "c"), JF_CALL_REQUEST, 7);
    rig_.settle();
    EXPECT_EQ(answers("mallory"), 0U);
    EXPECT_EQ(answers(), 1U);
    EXPECT_EQ(rig_.node->incoming_links, 1);
}

TEST_F(AcceptLink, AnAnswerNobodyAskedForIsNothing)
{
    rig_.discovery().hear(jackfield::Device("m", "mallory", "c"), JF_CALL_ANSWER, 7);
    rig_.discovery().hear(jackfield::Device("m", "mallory", "c"), 4711, 7);
    rig_.settle();
    EXPECT_EQ(rig_.told, Lines());
    EXPECT_EQ(rig_.node->flows, 0);
}

} // namespace
