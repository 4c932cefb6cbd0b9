// A call whose media goes over channels of its link, and whose link is lost: media goes on over those of another.

#include "kernel/flow/reopen_links.hpp"
#include "tests/kernel/doubles/multiplexer.hpp"
#include "tests/kernel/flow/recovery_flow.hpp"

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Json = nlohmann::json;
using Lines = std::vector<std::string>;

class GoesOnOverChannels : public Recovers {
protected:
    GoesOnOverChannels() : Recovers({.over_channels = true}) {}

    /// The peer calls over a channel "media-7", and asks for it.
    void be_called_over_a_channel()
    {
        auto offer = Json::parse(peer_offer());
        offer.erase("ice");
        offer["media"][0]["channel"] = "media-7";
        offer_ = offer.dump();
        rig_.program->answers = true;
        rig_.request();
        signaling().invited(1, offer_);
        rig_.settle();
        multiplexer().ask(kChannel, JF_DATAGRAM);
        signaling().listener().confirmed(signaling().call);
        rig_.settle();
        ASSERT_EQ(rig_.stage.count("channel media-7-1"), 1U);
    }
    /// The peer opens another link while there is none.
    void peer_opens_link()
    {
        rig_.stage.script.tcp = rig_.stage.script.udp = Play::fails;
        break_link();
        rig_.stage.script.tcp = rig_.stage.script.udp = Play::happens;
        rig_.request();
        rig_.settle();
    }
    void peer_agrees() { answer_of_peer(peer_answer(signaling().offered)); }
    void answer_of_peer(const std::string& answer)
    {
        signaling().update_answered(answer);
        rig_.settle();
    }

    /// The n-th channel of media that there is; null if there are not so many.
    MultiplexerDouble::ChannelRole* channel(std::size_t n = 0)
    {
        const std::string names = rig_.stage.names() + ",";
        const auto begin = names.find("channel media-");
        if (begin == std::string::npos)
            return nullptr;
        return rig_.stage.find<MultiplexerDouble::ChannelRole>(names.substr(begin, names.find(',', begin) - begin), n);
    }
    MultiplexerDouble::Session& multiplexer(std::size_t n = 0)
    {
        return rig_.stage.get<MultiplexerDouble::Session>("multiplexer", n);
    }
    /// Of the link that was opened last.
    SignalingDouble::Session& newest() { return signaling(rig_.stage.count("signaling bob-1") - 1); }
    MultiplexerDouble::Session& newest_multiplexer() { return multiplexer(rig_.stage.count("multiplexer") - 1); }

    jackfield::Status send()
    {
        const auto& transport = rig_.stage.get<MediaTransportDouble::Session>("transport");
        return transport.paths().front().send(jackfield::ByteView());
    }
    bool reconnected() const { return told("media progress reconnected"); }

    static constexpr const char* kChannel = "media-7-1";
    std::string offer_;
};

TEST_F(GoesOnOverChannels, OfTheNextLinkWhichTheCallerAsksForWhenThePeerGoesOnThere)
{
    call();
    ASSERT_NE(channel(), nullptr);
    const std::string name = channel()->name();
    send();
    EXPECT_EQ(channel()->path().sent(), 1);
    break_link();
    EXPECT_TRUE(told(kReconnecting + ": the connection to the peer has ended"));
    EXPECT_EQ(signaling().said, (Lines{"take_over", "update"}));
    EXPECT_FALSE(Json::parse(signaling().offered).contains("ice"));
    EXPECT_EQ(channel(), nullptr) << "the peer does not expect it yet";
    EXPECT_EQ(rig_.stage.count("transport"), 1U) << "which goes on";
    EXPECT_EQ(send(), JF_OK);
    EXPECT_FALSE(reconnected());
    peer_agrees();
    ASSERT_NE(channel(), nullptr);
    EXPECT_EQ(channel()->name(), name);
    EXPECT_TRUE(channel()->path().opened());
    EXPECT_TRUE(reconnected()) << rig_.told.back();
    send();
    EXPECT_EQ(channel()->path().sent(), 1);
    call_->hang_up();
    rig_.settle();
    EXPECT_EQ(channel(), nullptr);
    EXPECT_EQ(rig_.program->end.error.status, JF_OK);
}

TEST_F(GoesOnOverChannels, OfTheNextLinkWhichTheCalleeExpectsBeforeItAnswers)
{
    be_called_over_a_channel();
    peer_opens_link();
    newest().taken_over(signaling(0), 1);
    rig_.settle();
    EXPECT_EQ(channel(), nullptr) << "the peer asks";
    EXPECT_FALSE(reconnected());
    newest().updated(offer_);
    newest_multiplexer().ask(kChannel, JF_DATAGRAM); // in one flight
    rig_.settle();
    EXPECT_EQ(newest().said, (Lines{"answer_update"}));
    ASSERT_NE(channel(), nullptr);
    EXPECT_TRUE(channel()->path().opened());
    EXPECT_TRUE(reconnected()) << rig_.told.back();
}

TEST_F(GoesOnOverChannels, OfTheNextLinkToWhichTheCalleeMoves)
{
    be_called_over_a_channel();
    peer_opens_link();
    rig_.advance(1s);
    ASSERT_EQ(newest().said, (Lines{"take_over", "update"}));
    newest_multiplexer().ask(kChannel, JF_DATAGRAM); // the peer has looked at the offer, and its answer comes later
    rig_.settle();
    ASSERT_NE(channel(), nullptr);
    newest().update_answered(peer_answer(newest().offered));
    rig_.settle();
    EXPECT_TRUE(reconnected());
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(GoesOnOverChannels, ThatAreAskedForAgainIfThePeerDeclines)
{
    call();
    break_link();
    rig_.stage.script.channel = Play::fails;
    rig_.stage.script.status = JF_REFUSED;
    peer_agrees();
    EXPECT_FALSE(reconnected());
    EXPECT_EQ(rig_.program->ends, 0);
    rig_.stage.script.channel = Play::happens;
    rig_.advance(3s);
    EXPECT_EQ(offers(), 2U);
    peer_agrees();
    EXPECT_TRUE(reconnected()) << rig_.told.back();
    ASSERT_NE(channel(), nullptr);
}

TEST_F(GoesOnOverChannels, OnceTheyAreThereAndNotBefore)
{
    call();
    break_link();
    rig_.stage.script.channel = Play::waits;
    peer_agrees();
    EXPECT_FALSE(reconnected());
    rig_.advance(1s);
    EXPECT_EQ(rig_.program->ends, 0);
    multiplexer().give();
    rig_.settle();
    EXPECT_TRUE(reconnected());
}

TEST_F(GoesOnOverChannels, AlsoIfTheNextLinkDiesBeforeTheyAreThere)
{
    call();
    break_link();
    break_link();
    EXPECT_EQ(signaling().said, (Lines{"take_over", "update"}));
    peer_agrees();
    EXPECT_TRUE(reconnected());
    EXPECT_NE(channel(), nullptr);
}

TEST_F(GoesOnOverChannels, SoonIfTheNextLinkFallsSilentBeforeTheyAreThere)
{
    call();
    break_link();
    EXPECT_EQ(signaling().said, (Lines{"take_over", "update"}));
    rig_.stage.script.pong = Play::fails;
    rig_.advance(2999ms);
    EXPECT_FALSE(rig_.was_told("connectivity progress kept link is dead"));
    rig_.advance(1ms);
    EXPECT_TRUE(rig_.was_told("connectivity progress kept link is dead"));
    rig_.stage.script.pong = Play::happens;
    EXPECT_EQ(newest().said, (Lines{"take_over", "update"})) << "over a third link";
    newest().update_answered(peer_answer(newest().offered));
    rig_.settle();
    EXPECT_TRUE(reconnected()) << rig_.told.back();
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(GoesOnOverChannels, ThatANewStreamHasWaitedForWhenTheLinkDied)
{
    call();
    rig_.stage.script.channel = Play::waits;
    auto offered = Json::parse(peer_answer(signaling().offered));
    offered["media"][0]["channel"] = "media-8";
    signaling().updated(offered.dump());
    rig_.settle();
    ASSERT_EQ(signaling().said.back(), "answer_update");
    rig_.stage.script.channel = Play::happens;
    break_link();
    ASSERT_EQ(offers(), 1U);
    peer_agrees();
    EXPECT_TRUE(reconnected()) << rig_.told.back();
    EXPECT_EQ(rig_.stage.count("channel media-8-1"), 1U);
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(GoesOnOverChannels, SoonWhenTheAddressOfTheCalleesLinkHasGone)
{
    be_called_over_a_channel();
    network_changed(*rig_.node, {"192.0.2.1"});
    rig_.settle();
    EXPECT_TRUE(told(kReconnecting + ": an address of this machine has gone"));
    rig_.advance(300ms);
    EXPECT_EQ(newest().said, (Lines{"take_over", "update"}));
}

TEST_F(GoesOnOverChannels, ThatHaveEndedOnALinkWhichLives)
{
    be_called_over_a_channel();
    channel()->path().end();
    call_ = rig_.incoming.back();
    call_->bell.ring();
    rig_.settle();
    EXPECT_EQ(channel(), nullptr);
    multiplexer().ask(kChannel, JF_DATAGRAM);
    rig_.settle();
    EXPECT_TRUE(multiplexer().declined.empty());
    ASSERT_NE(channel(), nullptr);
    EXPECT_TRUE(channel()->path().opened());
}

TEST_F(GoesOnOverChannels, WhichTheCallerAsksForAgainOnALinkThatLives)
{
    call();
    channel()->path().end();
    rig_.advance(1s);
    rig_.advance(3s); // nothing comes
    ASSERT_EQ(offers(), 1U);
    peer_agrees();
    EXPECT_TRUE(reconnected());
    ASSERT_NE(channel(), nullptr);
    EXPECT_TRUE(channel()->path().opened());
}

TEST_F(GoesOnOverChannels, WithinHalfAMinuteOrNotAtAll)
{
    call();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::fails;
    network_changed(*rig_.node, {"192.0.2.1"});
    rig_.settle();
    for (int seconds = 0; seconds < 29; ++seconds)
        rig_.advance(1s);
    EXPECT_EQ(rig_.program->ends, 0);
    rig_.advance(1s);
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_UNREACHABLE);
}

} // namespace
