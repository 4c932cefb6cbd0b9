// Calls without a relay where UDP does not get through: by TCP, through NATs on both sides.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

using scenarios::Json;
using scenarios::Process;

TEST(PunchedCall, GoesOverTcpAloneWhereUdpIsBlockedAndThereIsNoRelay)
{
    if (!why_no_world().empty())
        GTEST_SKIP() << why_no_world();
    if (!RelayServer::installed())
        GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    PairLaboratory laboratory;
    Host& alice_host = laboratory.add_peer(side("UDP blocked")).host;
    Host& bob_host = laboratory.add_peer(side("port-restricted")).host;
    const ConfigurationChanges no_relay{.connectivity = {{"turn", Json::array()}}};
    laboratory.configure("alice", side("UDP blocked"), no_relay);
    laboratory.configure("bob", side("port-restricted"), no_relay);
    std::unique_ptr<Process> alice;
    std::unique_ptr<Process> bob;
    bob_host.inside([&] { bob = laboratory.world().listen("bob", {"--answer", "--once", "--send", "test"}); });
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    alice_host.inside([&] { alice = laboratory.world().call("alice", account, {"--send", "test", "--audio-only"}); });
    EXPECT_FALSE(alice->event("media", "progress", "first_audio").is_null()) << laboratory.world().folder();
    EXPECT_FALSE(bob->event("media", "progress", "first_audio").is_null()) << laboratory.world().folder();
    const Json path = alice->event("connectivity", "done");
    ASSERT_TRUE(path.is_object());
    EXPECT_EQ(path["detail"].value("transport", ""), "tcp") << path.dump();
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

} // namespace
} // namespace laboratory
