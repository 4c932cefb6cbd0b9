// Networks that let something not through: each test runs in a user and network namespace of its own, with rules of its
// own.

#include "own_network.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scenarios;

constexpr int kFirstPort = 40000;
constexpr int kLastPort = 40200;

/// An nftables rule on everything that comes in.
bool block(const std::string& rule)
{
    return run("nft", {"add table inet wall"}) &&
           run("nft", {"add chain inet wall in { type filter hook input priority 0 ; }"}) &&
           run("nft", {"add rule inet wall in " + rule});
}

class BlockedNetwork : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (const auto reason = enter_namespace(); !reason.empty())
            GTEST_SKIP() << reason;
        if (!run("nft", {"list", "tables"}))
            GTEST_SKIP() << "nft does not work in a namespace here";
        world_ = std::make_unique<World>();
        const PeerOptions options{.call = {{"connect_timeout_s", 8}},
                                  .connectivity = {{"addresses", {"127.0.0.1"}}, {"ports", {kFirstPort, kLastPort}}}};
        world_->configure("alice", options);
        world_->configure("bob", options);
        bob_account_ = world_->account("bob");
        bob_ = world_->listen("bob", {"--answer", "--send", "test"});
    }

    std::unique_ptr<World> world_;
    std::string bob_account_;
    std::unique_ptr<Process> bob_;
};

TEST_F(BlockedNetwork, WithoutTcpTheCallGoesOverUdp)
{
    ASSERT_TRUE(block("meta l4proto tcp drop"));
    const auto alice = world_->call("alice", bob_account_, {"--for", "0.5"});
    EXPECT_EQ(alice->event("connectivity", "done")["detail"]["transport"], "udp");
    EXPECT_FALSE(alice->event("reliable_stream", "done").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
}

TEST_F(BlockedNetwork, WithoutTcpAndUdpTheCallEndsWithThatReason)
{
    ASSERT_TRUE(block("meta l4proto tcp drop"));
    ASSERT_TRUE(block("udp dport " + std::to_string(kFirstPort) + "-" + std::to_string(kLastPort) + " drop"));
    const auto alice = world_->call("alice", bob_account_);
    const Json end = alice->call_end(15s);
    ASSERT_FALSE(end.is_null()) << "not within 15 s";
    EXPECT_EQ(end["failed_step"], "connectivity");
    EXPECT_EQ(end["status"], "unreachable");
    EXPECT_EQ(alice->exit_code(), 5);
}

} // namespace
