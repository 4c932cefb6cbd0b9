// Calls for experiments: without encryption of the control path, without encryption of media, with accounts that nobody
// keeps; and that none of this happens by mistake.

#include "world.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace scenarios;

const Json kNoChannel{{"secure_channel", {{"use", "secure-none"}, {"config", {{"insecure", true}}}}}};
const Json kPlainMedia{{"media_transport", {{"use", "media-plain"}, {"config", {{"insecure", true}}}}}};
const Json kThrowAway{{"identity", {{"use", "identity-memory"}}}};

std::string text_of(const std::filesystem::path& file)
{
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A call from alice to bob that ends well. Returns what alice's channel said of itself.
Json expect_call(World& world, const PeerOptions& options)
{
    world.configure("bob", options);
    world.configure("alice", options);
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
    EXPECT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_FALSE(bob->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    return alice->event("secure_channel", "done");
}

TEST(Experiment, ACallOverAnUnencryptedControlPath)
{
    for (const char* policy : {"tcp-preferred", "udp-only"}) {
        World world;
        const PeerOptions options{.call = {{"control_policy", policy}, {"allow_unproven_peer", true}},
                                  .slots = kNoChannel};
        const Json secured = expect_call(world, options);
        ASSERT_FALSE(secured.is_null()) << policy;
        EXPECT_EQ(secured["detail"]["protocol"], "none");
        EXPECT_EQ(secured["detail"]["proven"], false);
    }
}

TEST(Experiment, AnUnencryptedControlPathAloneIsRefusedBeforeAnythingIsLoaded)
{
    World world(false);
    world.configure("alice", {.bootstrap = "127.0.0.1:1", .slots = kNoChannel});
    const auto log = world.folder() / "explain.log";
    Process explain({"explain", (world.folder() / "alice.json").string()}, log);
    EXPECT_EQ(explain.exit_code(), 3);
    const std::string text = text_of(log);
    EXPECT_NE(text.find("/slots/secure_channel/use: secure-none does not prove who the peer is"), std::string::npos)
        << text;
    EXPECT_NE(text.find("works      \"call\": {\"allow_unproven_peer\": true}, or "), std::string::npos) << text;
    EXPECT_NE(text.find("secure-openssl"), std::string::npos) << text;
}

TEST(Experiment, WhatDoesNotEncryptIsNotLoadedWithoutBeingToldSo)
{
    for (const auto& [slot, plugin] :
         {std::pair{"secure_channel", "secure-none"}, std::pair{"media_transport", "media-plain"}}) {
        World world(false);
        const auto file = world.configure("alice", {.bootstrap = "127.0.0.1:1", .slots = {{slot, {{"use", plugin}}}}});
        const auto log = world.folder() / "explain.log";
        Process explain({"explain", file}, log);
        EXPECT_NE(explain.exit_code(), 0);
        const std::string text = text_of(log);
        const auto has = [&](const std::string& words) { return text.find(words) != std::string::npos; };
        EXPECT_TRUE(has(std::string("/slots/") + slot + "/config/insecure: missing; " + plugin + " needs it")) << text;
        EXPECT_TRUE(has(std::string("searched   ")) && has(std::string(plugin) + ".schema.json")) << text;
        EXPECT_TRUE(has("expected   true") || has("expected   one of true, false")) << text;
        EXPECT_TRUE(has("meaning    Must be true")) << text;
    }
}

TEST(Experiment, ACallWithMediaInClear)
{
    World world;
    const Json secured = expect_call(world, {.slots = kPlainMedia});
    ASSERT_FALSE(secured.is_null());
    EXPECT_EQ(secured["detail"]["proven"], true); // the media alone are in clear
}

TEST(Experiment, MediaInClearAndEncryptedMediaHaveNothingInCommon)
{
    for (const bool caller_in_clear : {true, false}) {
        World world;
        world.configure("alice", {.slots = caller_in_clear ? kPlainMedia : Json::object()});
        world.configure("bob", {.slots = caller_in_clear ? Json::object() : kPlainMedia});
        const auto bob_account = world.account("bob");
        const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
        const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
        EXPECT_NE(alice->exit_code(), 0);
        EXPECT_TRUE(alice->event("media", "progress", "first_audio", 0s).is_null());
    }
}

TEST(Experiment, TwoAccountsThatNobodyKeepsCallEachOther)
{
    World world;
    world.configure("alice", {.slots = kThrowAway});
    world.configure("bob", {.slots = kThrowAway});
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const Json known = bob->event("identity", "done");
    ASSERT_FALSE(known.is_null());
    const auto bob_account = known["detail"]["account"].get<std::string>();
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_NE(alice->event("identity", "done")["detail"]["account"], bob_account);
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(world.folder() / "alice")) << "where identity-x509 would keep its keys";
}

TEST(Experiment, AnAccountThatNobodyKeepsCallsOneThatIsKept)
{
    World world;
    world.configure("alice", {.slots = kThrowAway});
    world.configure("bob");
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

} // namespace
