// The demonstration call on several stacks that differ in configuration alone: a film and speech, and what arrived
// compared with what was sent.

#include "world.hpp"

#include "tests/plugins/identity-pkcs11/soft_token.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scenarios;

void demo(const std::string& secure, const std::string& policy)
{
    need_plugins({"identity-x509", "discovery-opendht", "ice-libnice", "reliable-usrsctp", "signaling-sip",
                  "media-srtp", "codec-ffmpeg", "media-ffmpeg", secure});
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

TEST(Demo, CallsOverTcpWithGnutls)
{
    demo("secure-gnutls", "tcp-preferred");
}

TEST(Demo, CallsOverTcpWithMbedtls)
{
    demo("secure-mbedtls", "tcp-preferred");
}

TEST(Demo, CallsOverTcpWithNoise)
{
    demo("secure-noise", "tcp-preferred");
}

TEST(Demo, CallsOverUdpAloneWithOpenssl)
{
    demo("secure-openssl", "udp-only");
}

TEST(Demo, CallsOverUdpAloneWithGnutls)
{
    demo("secure-gnutls", "udp-only");
}

TEST(Demo, CallsOverUdpAloneWithMbedtls)
{
    demo("secure-mbedtls", "udp-only");
}

TEST(Demo, CallsOverUdpAloneWithNoise)
{
    demo("secure-noise", "udp-only");
}

/// A call between two secure channels. Mbed TLS 2.28 stops at TLS 1.2, so the other must be told to take that.
void mixed(const std::string& caller, const std::string& callee, const std::string& policy)
{
    const bool old = caller == "secure-mbedtls" || callee == "secure-mbedtls";
    const auto slot = [&](const std::string& plugin) -> Json {
        if (!old || plugin == "secure-mbedtls")
            return {{"use", plugin}};
        return {{"use", plugin}, {"config", {{"min_version", "1.2"}}}};
    };
    World world;
    world.configure("bob", {.slots = {{"secure_channel", slot(callee)}}});
    world.configure("alice", {.call = {{"control_policy", policy}}, .slots = {{"secure_channel", slot(caller)}}});
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
    const Json secured = alice->event("secure_channel", "done");
    ASSERT_FALSE(secured.is_null()) << caller << " to " << callee << ", " << policy;
    const bool noise = caller == "secure-noise";
    const char* tls = policy == "udp-only" ? "DTLS 1.2" : old ? "TLS 1.2" : "TLS 1.3";
    EXPECT_EQ(secured["detail"]["protocol"], noise ? "Noise XX" : tls);
    EXPECT_EQ(secured["detail"]["proven"], true);
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST(Stack, OpensslAndMbedtlsUnderstandEachOther)
{
    mixed("secure-openssl", "secure-mbedtls", "tcp-preferred");
}

TEST(Stack, GnutlsAndOpensslUnderstandEachOther)
{
    mixed("secure-gnutls", "secure-openssl", "tcp-preferred");
    mixed("secure-openssl", "secure-gnutls", "tcp-preferred");
}

TEST(Stack, GnutlsAndOpensslUnderstandEachOtherOverUdpAlone)
{
    mixed("secure-gnutls", "secure-openssl", "udp-only");
    mixed("secure-openssl", "secure-gnutls", "udp-only");
}

TEST(Stack, NoiseProvesTheCalleeOverTcpAndOverUdpAlone)
{
    mixed("secure-noise", "secure-noise", "tcp-preferred");
    mixed("secure-noise", "secure-noise", "udp-only");
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

void signals_over(const std::string& multiplexer)
{
    for (const char* policy : {"tcp-only", "udp-only"}) {
        World world;
        for (const std::string name : {"alice", "bob"}) {
            const auto file = world.configure(name, {.call = {{"control_policy", policy}}});
            Json config = Json::parse(std::ifstream(file));
            config["slots"]["multiplexer"] = {{"use", multiplexer}};
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

TEST(Stack, CallsStraightToTheListedAddresses)
{
    for (const std::string policy : {"tcp-only", "udp-only"}) {
        World world;
        for (const std::string name : {"alice", "bob"})
            world.configure(name, {.call = {{"control_policy", policy}},
                                   .slots = {{"connectivity",
                                              {{"use", "ice-direct"}, {"config", {{"addresses", {"127.0.0.1"}}}}}}}});
        const auto bob_account = world.account("bob");
        const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
        const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
        const Json path = alice->event("connectivity", "done");
        ASSERT_FALSE(path.is_null()) << policy;
        EXPECT_EQ(path["detail"]["transport"], policy == "tcp-only" ? "tcp" : "udp");
        ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null()) << policy;
        EXPECT_EQ(alice->exit_code(), 0);
        EXPECT_EQ(bob->exit_code(), 0);
    }
}

TEST(Stack, SignalsOverAChannelOfYamux)
{
    signals_over("mux-yamux");
}

TEST(Stack, SignalsOverAChannelOnJamisWire)
{
    signals_over("mux-msgpack");
}

TEST(Stack, ADeviceWhoseKeyStaysInATokenCalls)
{
    const pkcs11_test::SoftToken token; // the caller's process finds it by the environment
    World world;
    const Json noise{{"use", "secure-noise"}};
    world.configure("bob", {.slots = {{"secure_channel", noise}}});
    world.configure("alice",
                    {.slots = {{"secure_channel", noise},
                               {"identity", {{"use", "identity-pkcs11"}, {"config", Json::parse(token.config())}}}}});
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

} // namespace
