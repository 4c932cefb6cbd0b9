// The demonstration call on four stacks that differ in configuration alone: a film and speech, and what arrived
// compared with what was sent.

#include "world.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace scenarios;

void demo(const std::string& secure, const std::string& policy)
{
    World world(false);
    Process process(
        {"demo", "--folder", (world.folder() / "demo").string(), "--for", "4", "--secure", secure, "--policy", policy},
        world.folder() / "demo.log");
    EXPECT_EQ(process.exit_code(), 0) << "see " << world.folder() / "demo.log";
}

TEST(Demo, CallsOverTcpWithOpenssl)
{
    demo("secure-openssl", "tcp-preferred");
}

TEST(Demo, CallsOverTcpWithMbedtls)
{
    demo("secure-mbedtls", "tcp-preferred");
}

TEST(Demo, CallsOverUdpAloneWithOpenssl)
{
    demo("secure-openssl", "udp-only");
}

TEST(Demo, CallsOverUdpAloneWithMbedtls)
{
    demo("secure-mbedtls", "udp-only");
}

TEST(Stack, TheTwoLibrariesUnderstandEachOther)
{
    World world;
    world.configure("bob", {.secure = "secure-mbedtls"});
    const auto file = world.configure("alice", {.secure = "secure-openssl"});
    Json config = Json::parse(std::ifstream(file)); // TLS 1.3 alone is the default, and Mbed TLS 2.28 stops at 1.2
    config["slots"]["secure_channel"]["config"] = {{"min_version", "1.2"}};
    std::ofstream(file) << config.dump();
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST(Stack, TakesTheTransportThatThePolicyAllows)
{
    for (const auto& [policy, transport] : {std::pair{"tcp-only", "tcp"}, std::pair{"udp-only", "udp"}}) {
        World world;
        world.configure("bob");
        world.configure("alice", {.call = {{"control_policy", policy}}});
        const auto bob_account = world.account("bob");
        const auto bob = world.listen("bob", {"--decline", "--once"});
        const auto alice = world.call("alice", bob_account);
        const Json path = alice->event("connectivity", "done");
        ASSERT_FALSE(path.is_null()) << policy;
        EXPECT_EQ(path["detail"]["transport"], transport);
    }
}

TEST(Stack, SignalsOverAChannelOfTheMultiplexer)
{
    for (const char* policy : {"tcp-only", "udp-only"}) {
        World world;
        for (const std::string name : {"alice", "bob"}) {
            const auto file = world.configure(name, {.call = {{"control_policy", policy}}});
            Json config = Json::parse(std::ifstream(file));
            config["slots"]["multiplexer"] = {{"use", "mux-yamux"}};
            std::ofstream(file) << config.dump();
        }
        const auto bob_account = world.account("bob");
        const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
        const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
        ASSERT_FALSE(alice->event("multiplexer", "done").is_null()) << policy;
        ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null()) << policy;
        EXPECT_EQ(alice->exit_code(), 0);
        EXPECT_EQ(bob->exit_code(), 0);
    }
}

} // namespace
