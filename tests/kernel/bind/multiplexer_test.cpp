// The multiplexer under the kernel's hands: one channel, asked for by the end that opened the link.

#include "kernel/bind/connectivity.hpp"
#include "kernel/bind/multiplexer.hpp"
#include "tests/kernel/doubles/multiplexer.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using jackfield::kernel::MultiplexerLayer;

class Channels : public ::testing::Test {
protected:
    Channels() : bench_({.multiplexer = true})
    {
        bench_.stage.script.tcp = bench_.stage.script.channel = Play::waits;
        const jf_connectivity_options options{sizeof(options), JF_CONTROLLING, JF_STREAM, 1,
                                              jackfield::to_text("control-tcp")};
        below_ = std::make_unique<jackfield::kernel::ConnectivitySession>(
            bench_.board->connectivity, options,
            jackfield::kernel::ConnectivitySession::Events{[] {}, [](const std::string&) {}});
        bench_.stage.get<ConnectivityDouble::Session>("control-tcp").up();
    }
    std::unique_ptr<MultiplexerLayer> open(bool initiator)
    {
        return std::make_unique<MultiplexerLayer>(bench_.board->multiplexer, below_->path(1), initiator,
                                                  [this] { ++changes_; });
    }
    MultiplexerDouble::Session& session() { return bench_.stage.get<MultiplexerDouble::Session>("multiplexer"); }

    Bench bench_;
    std::unique_ptr<jackfield::kernel::ConnectivitySession> below_;
    int changes_ = 0;
};

TEST_F(Channels, AreAskedForByTheInitiator)
{
    const auto layer = open(true);
    EXPECT_TRUE(session().initiator());
    EXPECT_FALSE(layer->signaling());
    session().give();
    bench_.settle();
    ASSERT_TRUE(layer->signaling());
    EXPECT_EQ(bench_.stage.count("channel signaling"), 1U);
    EXPECT_EQ(changes_, 1);
}

TEST_F(Channels, AreAcceptedByTheOtherEnd)
{
    const auto layer = open(false);
    session().ask("signaling");
    ASSERT_TRUE(layer->signaling());
    EXPECT_TRUE(session().declined.empty());
}

TEST_F(Channels, ThatNobodyServesAreDeclined)
{
    const auto layer = open(false);
    session().ask("files");
    session().ask("signaling", JF_DATAGRAM);
    EXPECT_EQ(session().declined, (std::set<std::string>{"files", "signaling"}));
    EXPECT_FALSE(layer->signaling());
    EXPECT_FALSE(layer->failure());
}

TEST_F(Channels, ForSignalingAreNotGivenTwice)
{
    const auto layer = open(false);
    session().ask("signaling");
    session().ask("signaling");
    EXPECT_EQ(session().declined, (std::set<std::string>{"signaling"}));
    EXPECT_EQ(bench_.stage.count("channel signaling"), 1U);
}

TEST_F(Channels, ThatTheInitiatorIsAskedForAreDeclined)
{
    const auto layer = open(true);
    session().ask("signaling");
    EXPECT_EQ(session().declined, (std::set<std::string>{"signaling"}));
    session().give();
    bench_.settle();
    EXPECT_TRUE(layer->signaling());
}

TEST_F(Channels, ThatWereWithdrawnMayBeAskedForAgain)
{
    const auto layer = open(false);
    session().withdrawn = true;
    session().ask("signaling");
    EXPECT_FALSE(layer->signaling());
    EXPECT_FALSE(layer->failure());
    session().withdrawn = false;
    session().ask("signaling");
    EXPECT_TRUE(layer->signaling());
}

TEST_F(Channels, ThatAreRefusedFailWithTheReason)
{
    bench_.stage.script.channel = Play::fails;
    bench_.stage.script.status = JF_REFUSED;
    const auto layer = open(true);
    bench_.settle();
    ASSERT_TRUE(layer->failure());
    EXPECT_EQ(layer->failure()->status, JF_REFUSED);
    EXPECT_EQ(layer->failure()->text, kScripted);
}

TEST_F(Channels, FailWhenTheStreamEndsFirst)
{
    const auto layer = open(false);
    session().close(JF_UNREACHABLE);
    ASSERT_TRUE(layer->failure());
    session().ask("signaling"); // a plugin should not
    EXPECT_EQ(layer->failure()->status, JF_UNREACHABLE);
}

TEST_F(Channels, ThatComeWhenTheLayerIsGoneAreReleased)
{
    auto layer = open(true);
    session().give(); // is posted
    EXPECT_EQ(bench_.stage.count("channel signaling"), 1U);
    layer->forget_events();
    bench_.settle();
    layer.reset();
    EXPECT_EQ(bench_.stage.count("channel signaling"), 0U);
    EXPECT_EQ(bench_.stage.count("multiplexer"), 0U);
}

TEST_F(Channels, ThatWereAskedForMayBeGivenUp)
{
    auto layer = open(true);
    layer.reset();
    bench_.settle();
    EXPECT_EQ(changes_, 0);
    EXPECT_EQ(bench_.stage.count("multiplexer"), 0U);
}

} // namespace
