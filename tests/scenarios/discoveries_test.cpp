// Calls between processes that find each other through a rendezvous server, on the local network, or through one of two
// mechanisms of which each is the fallback of the other.

#include "world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scenarios;

Json rendezvous(const std::vector<std::string>& servers)
{
    return {{"use", "discovery-rendezvous"}, {"config", {{"servers", servers}}}};
}

Json dht(const std::string& bootstrap)
{
    return {{"use", "discovery-opendht"},
            {"config", {{"listen", "127.0.0.1:0"}, {"bootstrap", {bootstrap}}, {"public_rate_limits", false}}}};
}

Json lan(int port)
{
    return {{"use", "discovery-lan"}, {"config", {{"addresses", {"127.0.0.1"}}, {"port", port}}}};
}

PeerOptions with(const std::vector<Json>& mechanisms)
{
    PeerOptions options;
    options.slots["discovery"] = mechanisms;
    return options;
}

/// Bob is announced and answers; what is done then comes before Alice calls him. Media flows, and both hang up in
/// order.
void call(
    World& world, const std::vector<Json>& alice, const std::vector<Json>& bob,
    const std::function<void()>& between = [] {})
{
    world.configure("alice", with(alice));
    world.configure("bob", with(bob));
    const auto account = world.account("bob");
    const auto callee = world.listen("bob", {"--answer", "--once", "--send", "test"});
    between();
    const auto caller = world.call("alice", account, {"--send", "test", "--for", "1"});
    EXPECT_FALSE(caller->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(caller->exit_code(), 0) << "see " << caller->log();
    EXPECT_EQ(callee->exit_code(), 0) << "see " << callee->log();
}

const std::string kDead = "http://127.0.0.1:1";

TEST(RendezvousCall, NeedsTheServerAlone)
{
    World world(false);
    const auto server = rendezvous({world.start_rendezvous()});
    call(world, {server}, {server});
}

TEST(RendezvousCall, ComesAboutAlthoughTheServerWasRestartedAfterTheCalleeBeganToListen)
{
    World world(false);
    const auto url = world.start_rendezvous();
    call(world, {rendezvous({url})}, {rendezvous({url})}, [&] {
        world.stop_rendezvous();
        EXPECT_EQ(world.start_rendezvous(url.substr(url.rfind(':') + 1)), url);
    });
}

TEST(RendezvousCall, ComesAboutThroughTheServerThatBothHaveAndThatWorks)
{
    World world(false);
    const auto url = world.start_rendezvous();
    call(world, {rendezvous({kDead, url})}, {rendezvous({url, kDead})});
}

TEST(LanCall, NeedsNoServer)
{
    World world(false);
    const auto neighbours = lan(world.lan_port());
    call(world, {neighbours}, {neighbours});
}

TEST(TwoDiscoveries, MeetOnTheLocalNetworkWhenTheRendezvousIsOutOfReach)
{
    World world(false);
    const std::vector both{rendezvous({kDead}), lan(world.lan_port())};
    call(world, both, both);
}

TEST(TwoDiscoveries, MeetThroughTheRendezvousWhenTheDhtIsOutOfReach)
{
    World world(false);
    const auto url = world.start_rendezvous();
    call(world, {dht("127.0.0.1:1"), rendezvous({url})}, {dht("127.0.0.1:1"), rendezvous({url})});
}

TEST(TwoDiscoveries, MeetThroughTheDhtWhenTheRendezvousIsOutOfReach)
{
    World world;
    const auto works = dht(world.bootstrap());
    call(world, {rendezvous({kDead}), works}, {rendezvous({kDead}), works});
}

TEST(TwoDiscoveries, MeetThroughTheRendezvousWhenTheDhtGoesAwayAfterTheCalleeBeganToListen)
{
    World world;
    const std::vector both{dht(world.bootstrap()), rendezvous({world.start_rendezvous()})};
    call(world, both, both, [&] { world.stop_dht(); });
}

TEST(TwoDiscoveries, ReachAPeerWhoIsInTheDhtAlone)
{
    World world;
    const std::vector both{dht(world.bootstrap()), rendezvous({world.start_rendezvous()})};
    call(world, both, {both[0]});
}

TEST(TwoDiscoveries, ReachAPeerWhoIsAtTheRendezvousAlone)
{
    World world;
    const std::vector both{dht(world.bootstrap()), rendezvous({world.start_rendezvous()})};
    call(world, both, {both[1]});
}

} // namespace
