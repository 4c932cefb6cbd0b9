// A secure channel that is a multiplexer as well: nothing else stands between it and its channels, and media may go
// over some of them.

#include "kernel/flow/link_layers.hpp"
#include "tests/kernel/doubles/media_transport.hpp"
#include "tests/kernel/doubles/multiplexer.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace {

using namespace jackfield::doubles;
using jackfield::kernel::ControlPolicy;
using jackfield::kernel::Step;

/// The name of the one channel of media that is alive; empty if there is none.
std::string media_channel(const Stage& stage)
{
    const std::string names = stage.names() + ",";
    const auto begin = names.find("channel media-");
    return begin == std::string::npos ? "" : names.substr(begin, names.find(',', begin) - begin);
}

std::string offer_over_channel()
{
    auto offer = nlohmann::json::parse(peer_offer());
    offer.erase("ice");
    offer["media"][0]["channel"] = "media-7";
    return offer.dump();
}

struct TwoInOneRig : Rig {
    explicit TwoInOneRig(const RigOptions& options) : Rig(options)
    {
        stage.script.two_in_one = true;
        node->settings.control_policy = ControlPolicy::kUdpOnly;
    }
    MultiplexerDouble::Session& channels() { return stage.get<MultiplexerDouble::Session>("multiplexer"); }
};

TEST(TwoInOne, TheCallersSignalingGoesOverAChannelOfTheSecureSession)
{
    for (const bool multiplexer : {false, true}) { // one in the slot is not asked
        TwoInOneRig rig({.reliable = false, .multiplexer = multiplexer});
        rig.call();
        EXPECT_EQ(rig.program->heard_answer, 1);
        EXPECT_TRUE(rig.was_told("multiplexer done"));
        EXPECT_FALSE(rig.was_told("reliable_stream start"));
        auto& quic = rig.stage.get<SecureChannelDouble::TwoInOne>("quic bob-1");
        EXPECT_TRUE(rig.channels().stands_on(quic));
        EXPECT_TRUE(rig.channels().initiator());
        EXPECT_TRUE(rig.signaling().stands_on(rig.stage.get<Actor>("channel signaling")));
        EXPECT_FALSE(quic.path_was_opened());
    }
}

TEST(TwoInOne, TheCalledSideWaitsForTheCallersChannel)
{
    TwoInOneRig rig({.reliable = false});
    rig.stage.script.channel = Play::waits;
    rig.request();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
    rig.channels().ask("signaling");
    rig.settle();
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U);
}

TEST(TwoInOne, ThatEndsBeforeThereIsAChannelFailsAtThatStep)
{
    TwoInOneRig rig({.reliable = false});
    rig.stage.script.channel = Play::waits;
    rig.call();
    rig.channels().close(JF_REFUSED);
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.step, Step::multiplexer);
}

TEST(LinkLayers, WithoutChannelsSayThatThereAreNone)
{
    Bench bench;
    jackfield::kernel::LinkLayers layers(*bench.board, {}, true, jackfield::kernel::Unproven::kRefused, [] {});
    EXPECT_THROW(layers.channels(), jackfield::kernel::Failure);
}

TEST(MediaOverChannels, TheCallerAsksForThemAndNeedsNoConnectivity)
{
    TwoInOneRig rig({.over_channels = true});
    const auto call = rig.call();
    EXPECT_EQ(rig.program->heard_answer, 1);
    EXPECT_EQ(rig.stage.count("media"), 0U) << "no session of connectivity for media";
    const std::string name = media_channel(rig.stage);
    ASSERT_FALSE(name.empty()) << rig.stage.names();
    EXPECT_TRUE(rig.stage.get<MultiplexerDouble::ChannelRole>(name).path().opened());
    call->hang_up();
    rig.settle();
    EXPECT_EQ(media_channel(rig.stage), "") << "they go with the call";
    EXPECT_EQ(rig.stage.count("channel signaling"), 1U) << "that stays with the link";
}

TEST(MediaOverChannels, TheCalledSideTakesThoseThatWereOfferedAndNoOthers)
{
    TwoInOneRig rig({.over_channels = true});
    rig.program->answers = true;
    rig.request();
    rig.signaling().invited(1, offer_over_channel());
    rig.settle();
    EXPECT_EQ(rig.stage.count("media"), 0U);
    rig.channels().ask("media-8-1", JF_DATAGRAM);
    rig.channels().ask("media-7-2", JF_DATAGRAM);
    rig.channels().ask("media-7-1", JF_STREAM);
    rig.settle();
    EXPECT_EQ(rig.channels().declined, (std::set<std::string>{"media-8-1", "media-7-2", "media-7-1"}));
    EXPECT_EQ(rig.stage.count("transport"), 0U);
    rig.channels().ask("media-7-1", JF_DATAGRAM);
    rig.settle();
    ASSERT_EQ(rig.stage.count("transport"), 1U);
    EXPECT_TRUE(rig.stage.get<MultiplexerDouble::ChannelRole>("channel media-7-1").path().opened());
    rig.channels().ask("media-7-1", JF_DATAGRAM);
    EXPECT_EQ(rig.stage.count("channel media-7-1"), 1U) << "once";
}

TEST(MediaOverChannels, ThatThePeerDeclinesEndTheCall)
{
    TwoInOneRig rig({.over_channels = true});
    rig.stage.script.ring = Play::waits;
    rig.call();
    rig.stage.script.channel = Play::fails; // from here on
    rig.stage.script.status = JF_REFUSED;
    rig.signaling().ringing();
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.step, Step::media_connectivity);
    EXPECT_EQ(rig.program->end.error.status, JF_REFUSED);
}

} // namespace
