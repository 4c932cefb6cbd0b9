// The layers upon a path: what becomes of them is said once, by the first event that says it.

#include "kernel/bind/connectivity.hpp"
#include "kernel/bind/layers.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using jackfield::kernel::ReliableLayer;
using jackfield::kernel::SecureLayer;
using jackfield::kernel::Unproven;

class Layers : public ::testing::Test {
protected:
    Layers()
    {
        auto& script = bench_.stage.script;
        script.udp = script.dtls = script.reliable = Play::waits;
        const jf_connectivity_options options{sizeof(options), JF_CONTROLLING, JF_DATAGRAM, 1,
                                              jackfield::to_text("control-udp")};
        below_ = std::make_unique<jackfield::kernel::ConnectivitySession>(
            bench_.board->connectivity, options,
            jackfield::kernel::ConnectivitySession::Events{[] {}, [](const std::string&) {}});
        bench_.stage.get<ConnectivityDouble::Session>("control-udp").up();
    }

    std::unique_ptr<SecureLayer> open_secure(Unproven unproven = Unproven::kRefused)
    {
        jackfield::kernel::Device bob;
        bob.account_id = "bob";
        bob.device_id = "bob-1";
        return std::make_unique<SecureLayer>(bench_.board->secure_channel, below_->path(1), JF_TLS_CLIENT, bob,
                                             unproven, [this] { ++changes_; });
    }
    SecureChannelDouble::Session& dtls() { return bench_.stage.get<SecureChannelDouble::Session>("dtls bob-1"); }
    ReliableStreamDouble::Session& stream() { return bench_.stage.get<ReliableStreamDouble::Session>("reliable"); }

    Bench bench_;
    std::unique_ptr<jackfield::kernel::ConnectivitySession> below_;
    int changes_ = 0;
};

TEST_F(Layers, ASecureOneSaysWhatWasAgreed)
{
    const auto layer = open_secure();
    EXPECT_FALSE(layer->path());
    dtls().secured();
    ASSERT_TRUE(layer->path());
    EXPECT_EQ(layer->info().protocol, "TLS 1.3");
    EXPECT_EQ(layer->info().cipher, "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(layer->info().group, "X25519");
    EXPECT_EQ(layer->info().peer.device_id, "bob-1");
    EXPECT_TRUE(layer->info().proven);
    EXPECT_EQ(changes_, 1);
}

TEST_F(Layers, ASecureOneThatProvesNobodyIsRefused)
{
    const auto layer = open_secure();
    dtls().come_up_unproven();
    EXPECT_FALSE(layer->path());
    ASSERT_TRUE(layer->failure());
    EXPECT_EQ(layer->failure()->status, JF_UNAUTHENTICATED);
    EXPECT_NE(layer->failure()->text.find("allow_unproven_peer"), std::string::npos);
    EXPECT_EQ(changes_, 1);
}

TEST_F(Layers, ASecureOneThatProvesNobodyIsTakenForTheExpectedPeerIfThatIsAllowed)
{
    const auto layer = open_secure(Unproven::kAllowed);
    dtls().come_up_unproven();
    ASSERT_TRUE(layer->path());
    EXPECT_FALSE(layer->failure());
    EXPECT_FALSE(layer->info().proven);
    EXPECT_EQ(layer->info().peer.device_id, "bob-1");
    EXPECT_EQ(layer->info().peer.account_id, "bob");
}

TEST_F(Layers, ASecureOneThatFailedIsNotSecuredAfterwards)
{
    const auto layer = open_secure();
    dtls().fail(JF_UNAUTHENTICATED, "somebody else");
    dtls().secured();
    EXPECT_FALSE(layer->path()) << "what was refused stays refused";
    EXPECT_EQ(layer->failure()->status, JF_UNAUTHENTICATED);
    EXPECT_EQ(layer->failure()->text, "somebody else");
}

TEST_F(Layers, ASecureOneKeepsItsFirstResult)
{
    const auto layer = open_secure();
    dtls().secured();
    const auto path = layer->path();
    dtls().fail(JF_INTERNAL, "confused");
    dtls().secured();
    EXPECT_EQ(layer->path()->self, path->self);
    EXPECT_FALSE(layer->failure());
    EXPECT_EQ(changes_, 1);
}

TEST_F(Layers, AReliableOneKeepsItsFirstResult)
{
    const auto secure = open_secure();
    dtls().secured();
    {
        const ReliableLayer layer(bench_.board->reliable_stream, *secure->path(), true, [this] { ++changes_; });
        stream().established();
        stream().fail(JF_INTERNAL);
        EXPECT_TRUE(layer.path());
        EXPECT_FALSE(layer.failure());
    }
    EXPECT_EQ(bench_.stage.count("reliable"), 0U);
}

TEST_F(Layers, AReliableOneThatFailedIsNotEstablishedAfterwards)
{
    const auto secure = open_secure();
    dtls().secured();
    const ReliableLayer layer(bench_.board->reliable_stream, *secure->path(), false, [] {});
    stream().fail(JF_UNREACHABLE);
    stream().established();
    EXPECT_FALSE(layer.path());
    EXPECT_EQ(layer.failure()->status, JF_UNREACHABLE);
}

TEST_F(Layers, TellNobodyOnceTheirEventsAreForgotten)
{
    const auto layer = open_secure();
    layer->forget_events();
    dtls().secured();
    EXPECT_EQ(changes_, 0);
    EXPECT_TRUE(layer->path());
}

TEST_F(Layers, HearNothingAfterTheirRelease)
{
    bench_.stage.script.dtls = Play::happens;
    open_secure().reset();
    bench_.settle();
    EXPECT_EQ(changes_, 0);
}

TEST_F(Layers, ThatCannotEvenBeginSayWhy)
{
    const auto first = open_secure();
    try {
        open_secure(); // the path is in use
        FAIL();
    } catch (const jackfield::kernel::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BUSY);
        EXPECT_STREQ(failure.what(), "doubles: the path is open already");
    }
    EXPECT_EQ(bench_.stage.count("dtls bob-1"), 1U);
}

} // namespace
