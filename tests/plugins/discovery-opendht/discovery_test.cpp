// The plugin in a DHT on loopback, beyond what every discovery promises (sdk/conformance): many messages and devices,
// being offline, going away.
//
// Threads: the test's thread is the control thread of every peer; OpenDHT runs its own.
#include "dht_network.hpp"

#include <jackfield/testing/diagnosis_record.hpp>

#include <gtest/gtest.h>

#include <set>

namespace discovery_opendht::testing {
namespace {

using namespace std::chrono_literals;

class OpenDht : public ::testing::Test {
protected:
    /// Alice and Bob, joined through a node that belongs to neither. Bob is announced.
    void start_three()
    {
        hub_ = network_.peer({}, nullptr);
        ASSERT_EQ(hub_->start(), JF_OK) << hub_->error();
        start_two({hub_->address()});
    }

    void start_two(const std::vector<std::string>& bootstrap)
    {
        alice_ = network_.peer(bootstrap, &alice_id_);
        bob_ = network_.peer(bootstrap, &bob_id_);
        ASSERT_EQ(alice_->start(), JF_OK) << alice_->error();
        ASSERT_EQ(bob_->start(), JF_OK) << bob_->error();
        ASSERT_TRUE(until([&] { return alice_->online() && bob_->online(); }));
        DoneRecord announced;
        bob_->announce(announced);
        ASSERT_TRUE(until([&] { return announced.calls == 1; }));
        ASSERT_EQ(announced.status, JF_OK) << announced.text;
    }

    bool until(const std::function<bool()>& done, std::chrono::milliseconds deadline = 20s)
    {
        std::vector<Peer*> peers;
        for (const auto* peer : {&hub_, &alice_, &bob_}) {
            if (*peer)
                peers.push_back(peer->get());
        }
        return Network::until(peers, done, deadline);
    }

    Network network_;
    TestIdentity alice_id_;
    TestIdentity bob_id_;
    std::unique_ptr<Peer> hub_;
    std::unique_ptr<Peer> alice_;
    std::unique_ptr<Peer> bob_;
};

TEST_F(OpenDht, WorksBetweenTwoNodesOfWhichOneIsTheFirst)
{
    bob_ = network_.peer({}, &bob_id_);
    ASSERT_EQ(bob_->start(), JF_OK);
    DoneRecord announced;
    bob_->announce(announced);
    ASSERT_TRUE(until([&] { return announced.calls == 1; }));
    EXPECT_EQ(announced.status, JF_OK) << "alone, and findable as soon as somebody comes: " << announced.text;
    EXPECT_TRUE(bob_->online());

    alice_ = network_.peer({bob_->address()}, &alice_id_);
    ASSERT_EQ(alice_->start(), JF_OK);
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id); // before it is online: waits
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    ASSERT_EQ(found.devices.size(), 1U) << found.text;
    DoneRecord sent;
    alice_->send(sent, found.devices[0], request("hello"));
    ASSERT_TRUE(until([&] { return bob_->heard.messages.size() == 1; }));
}

TEST_F(OpenDht, DeliversFiftyMessagesInARowEachWay)
{
    start_three();
    std::vector<std::unique_ptr<DoneRecord>> ends;
    for (int i = 0; i < 50; ++i) {
        ends.push_back(std::make_unique<DoneRecord>());
        alice_->send(*ends.back(), bob_id_.device(), request("a" + std::to_string(i)));
        ends.push_back(std::make_unique<DoneRecord>());
        bob_->send(*ends.back(), alice_id_.device(), request("b" + std::to_string(i)));
    }
    ASSERT_TRUE(until([&] { return alice_->heard.messages.size() >= 50 && bob_->heard.messages.size() >= 50; }));
    ASSERT_TRUE(
        until([&] { return std::all_of(ends.begin(), ends.end(), [](const auto& end) { return end->calls == 1; }); }));
    for (const auto& end : ends)
        EXPECT_EQ(end->status, JF_OK) << end->text;
    for (const Peer* peer : {alice_.get(), bob_.get()}) {
        std::set<std::string> blobs;
        for (const auto& [sender, message] : peer->heard.messages)
            blobs.insert(message.blob);
        EXPECT_EQ(blobs.size(), 50U);
        EXPECT_EQ(peer->heard.messages.size(), 50U) << "once each";
    }
}

TEST_F(OpenDht, CarriesASealedMessageInAFewMilliseconds)
{
    start_three();
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    std::vector<double> took_ms;
    for (std::size_t i = 1; i <= 51; ++i) {
        DoneRecord sent;
        const auto begin = std::chrono::steady_clock::now();
        alice_->send(sent, bob_id_.device(), request(std::string(400, 'x')));
        ASSERT_TRUE(until([&] { return bob_->heard.messages.size() == i; }));
        const auto took = std::chrono::steady_clock::now() - begin;
        took_ms.push_back(std::chrono::duration<double, std::milli>(took).count());
        ASSERT_TRUE(until([&] { return sent.calls == 1; }));
    }
    const double first_ms = took_ms.front();
    std::sort(took_ms.begin(), took_ms.end());
    std::printf("sealed message, send -> message, 400 byte blob, 3 nodes: first %.2f ms, p50 %.2f ms, p90 %.2f ms\n",
                first_ms, took_ms[25], took_ms[45]);
    EXPECT_LT(took_ms[25], 1000.0);
}

TEST_F(OpenDht, CarriesMessagesUpToItsLimitAndRefusesLargerOnes)
{
    start_three();
    DoneRecord sent;
    const std::string large(55'000, 'x');
    alice_->send(sent, bob_id_.device(), request(large));
    ASSERT_TRUE(until([&] { return bob_->heard.messages.size() == 1; }));
    EXPECT_EQ(bob_->heard.messages[0].second.blob, large);

    DoneRecord refused;
    alice_->send(refused, bob_id_.device(), request(std::string(60'000, 'x')));
    ASSERT_TRUE(until([&] { return refused.calls == 1; }));
    EXPECT_EQ(refused.status, JF_BAD_INPUT);
}

TEST_F(OpenDht, SaysNotFoundPromptlyWhenNobodyIsAnnounced)
{
    start_three();
    FindRecord found;
    const auto begin = std::chrono::steady_clock::now();
    alice_->find(found, std::string(64, 'a'));
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(found.status, JF_NOT_FOUND) << found.text;
    EXPECT_LT(took, 5s);
    std::printf("nobody found after %.2f ms\n", std::chrono::duration<double, std::milli>(took).count());
}

TEST_F(OpenDht, FindsEveryDeviceOfAnAccount)
{
    start_three();
    const auto tablet_id = TestIdentity::sibling(bob_id_);
    const auto tablet = network_.peer({hub_->address()}, tablet_id.get());
    ASSERT_EQ(tablet->start(), JF_OK);
    DoneRecord announced;
    tablet->announce(announced);
    const std::vector<Peer*> all{hub_.get(), alice_.get(), bob_.get(), tablet.get()};
    ASSERT_TRUE(Network::until(all, [&] { return announced.calls == 1; }));
    ASSERT_EQ(announced.status, JF_OK) << announced.text;

    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(Network::until(all, [&] { return found.calls == 1; }));
    std::set<std::string> devices;
    for (const Device& device : found.devices)
        devices.insert(device.device_id);
    EXPECT_EQ(devices, (std::set<std::string>{bob_id_.device().device_id, tablet_id->device().device_id}));
}

TEST_F(OpenDht, StartsOfflineAndJoinsWhenABootstrapNodeAppears)
{
    const std::string address = "127.0.0.1:" + std::to_string(free_port(SOCK_DGRAM));
    alice_ = network_.peer({address}, &alice_id_);
    ASSERT_EQ(alice_->start(), JF_OK);
    ASSERT_TRUE(until([&] { return !alice_->heard.states.empty(); }));
    EXPECT_EQ(alice_->heard.states[0], static_cast<std::uint32_t>(JF_OFFLINE));
    EXPECT_NE(alice_->heard.details[0].find(address), std::string::npos) << alice_->heard.details[0];
    EXPECT_EQ(alice_->describe()["state"], "offline");

    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; })) << "ends by itself";
    EXPECT_EQ(found.status, JF_UNREACHABLE);

    json config = network_.config({});
    config["listen"] = address;
    hub_ = std::make_unique<Peer>(config, nullptr);
    ASSERT_EQ(hub_->start(), JF_OK) << hub_->error();
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(until([&] { return alice_->online(); }));
    const auto took = std::chrono::steady_clock::now() - begin;
    std::printf("joined %.0f ms after the bootstrap node appeared\n",
                std::chrono::duration<double, std::milli>(took).count());
    EXPECT_LT(took, 3s) << "a knock is sent every second; the rest is for a busy machine";
    EXPECT_EQ(alice_->describe()["state"], "online");
}

TEST_F(OpenDht, IsNotFoundOnceItsPeersHaveHeardThatItStopped)
{
    start_three();
    alice_->watch(bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return alice_->heard.presence.size() == 1; }));
    DoneRecord stopped;
    bob_->stop(stopped);
    ASSERT_TRUE(until([&] { return stopped.calls == 1 && alice_->heard.presence.size() == 2; }));
    EXPECT_EQ(stopped.status, JF_OK);
    EXPECT_FALSE(alice_->heard.presence[1].second);
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_NOT_FOUND);
}

TEST_F(OpenDht, ReceivesWhatWasSentWhileItWasAway)
{
    start_three();
    DoneRecord stopped;
    bob_->stop(stopped);
    ASSERT_TRUE(until([&] { return stopped.calls == 1; }));
    bob_.reset();
    DoneRecord sent;
    alice_->send(sent, bob_id_.device(), request("are you there"));
    ASSERT_TRUE(until([&] { return sent.calls == 1; }));

    bob_ = network_.peer({hub_->address()}, &bob_id_);
    ASSERT_EQ(bob_->start(), JF_OK);
    ASSERT_TRUE(until([&] { return bob_->heard.messages.size() == 1; }));
    EXPECT_EQ(bob_->heard.messages[0].second.blob, "are you there");
}

TEST_F(OpenDht, ServesOthersWithoutAnIdentity)
{
    hub_ = network_.peer({}, nullptr);
    ASSERT_EQ(hub_->start(), JF_OK);
    ASSERT_TRUE(until([&] { return hub_->online(); }));
    const json description = hub_->describe();
    EXPECT_EQ(description["state"], "online");
    EXPECT_EQ(description["listening"].get<std::string>().find("127.0.0.1:"), 0U);
    EXPECT_EQ(description["nodes"], 0);

    DoneRecord announced;
    FindRecord found;
    hub_->announce(announced);
    hub_->find(found, "somebody");
    ASSERT_TRUE(until([&] { return announced.calls == 1 && found.calls == 1; }));
    EXPECT_EQ(announced.status, JF_UNSUPPORTED);
    EXPECT_EQ(found.status, JF_UNSUPPORTED);

    start_two({hub_->address()});
    EXPECT_GE(hub_->describe()["nodes"].get<int>(), 2);
}

TEST_F(OpenDht, RefusesToStartWhereSomebodyElseListens)
{
    hub_ = network_.peer({}, nullptr);
    ASSERT_EQ(hub_->start(), JF_OK);
    json config = network_.config({});
    config["listen"] = hub_->address();
    alice_ = std::make_unique<Peer>(config, &alice_id_);
    EXPECT_EQ(alice_->start(), JF_BAD_CONFIG);
    EXPECT_NE(alice_->error().find("in use"), std::string::npos) << alice_->error();
    EXPECT_NE(alice_->error().find("/listen"), std::string::npos) << alice_->error();
}

TEST_F(OpenDht, CanBeDestroyedWithWorkInFlight)
{
    start_three();
    for (int round = 0; round < 5; ++round) {
        DoneRecord sent;
        FindRecord found;
        DoneRecord announced;
        {
            const auto hasty = network_.peer({hub_->address()}, &alice_id_);
            ASSERT_EQ(hasty->start(), JF_OK);
            if (round % 2 == 1) {
                ASSERT_TRUE(Network::until({hub_.get(), hasty.get()}, [&] { return hasty->online(); }));
            }
            hasty->announce(announced);
            hasty->find(found, bob_id_.device().account_id);
            hasty->send(sent, bob_id_.device(), request("never mind"));
            hasty->watch(bob_id_.device().account_id);
            hasty->host.run_pending();
        }
        EXPECT_LE(sent.calls, 1);
        EXPECT_LE(found.calls, 1);
    }
}

TEST_F(OpenDht, StopEndsEverythingAndClosesTheSocket)
{
    start_three();
    const std::string address = alice_->address();
    FindRecord found;
    DoneRecord stopped;
    alice_->find(found, std::string(64, 'c'));
    alice_->stop(stopped);
    EXPECT_EQ(stopped.calls, 0) << "posted";
    ASSERT_TRUE(until([&] { return stopped.calls == 1; }));
    EXPECT_EQ(stopped.status, JF_OK);
    EXPECT_EQ(found.calls, 1);
    FindRecord late;
    alice_->find(late, "x");
    ASSERT_TRUE(until([&] { return late.calls == 1; }));
    EXPECT_EQ(late.status, JF_CLOSED);

    json config = network_.config({hub_->address()});
    config["listen"] = address;
    alice_.reset();
    alice_ = std::make_unique<Peer>(config, &alice_id_);
    EXPECT_EQ(alice_->start(), JF_OK) << "the port is free again: " << alice_->error();
}

TEST_F(OpenDht, LooksAgainWhenTheNetworkChanged)
{
    start_three();
    alice_->methods().network_changed(alice_->self());
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.devices.size(), 1U) << found.text;
}

TEST_F(OpenDht, WorksOverIPv6Too)
{
    json config = network_.config({});
    config["ipv6"] = true;
    hub_ = std::make_unique<Peer>(config, nullptr);
    ASSERT_EQ(hub_->start(), JF_OK) << hub_->error();
    const std::string address = hub_->address();
    config["bootstrap"] = {"[::1]" + address.substr(address.find(':'))};
    config["listen"] = "[::1]:0";
    alice_ = std::make_unique<Peer>(config, &alice_id_);
    bob_ = std::make_unique<Peer>(config, &bob_id_);
    if (alice_->start() != JF_OK)
        GTEST_SKIP() << "no IPv6 on this machine: " << alice_->error();
    ASSERT_EQ(bob_->start(), JF_OK);
    DoneRecord announced;
    bob_->announce(announced);
    ASSERT_TRUE(until([&] { return announced.calls == 1; }));
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.devices.size(), 1U) << found.text;
}

TEST_F(OpenDht, SaysWhetherAValueThatOneNodePutsAnotherGets)
{
    hub_ = network_.peer({}, nullptr);
    ASSERT_EQ(hub_->start(), JF_OK) << hub_->error();
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-opendht", network_.config({hub_->address()}).dump());
    ASSERT_TRUE(record.run());
    EXPECT_TRUE(record.said("dht").starts_with("ok: ")) << record.said("dht");
    EXPECT_TRUE(record.said("dht/put-get").starts_with("ok: ")) << record.said("dht/put-get");
}

TEST_F(OpenDht, SaysWhichNodesDoNotAnswer)
{
    const auto nobody = "127.0.0.1:" + std::to_string(free_port(SOCK_DGRAM));
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-opendht", network_.config({nobody}).dump(), 600ms);
    ASSERT_TRUE(record.run());
    EXPECT_NE(record.said("dht").find("problem: No node of the DHT answers; asked were " + nobody + " -> check"),
              std::string::npos)
        << record.said("dht");
    DiagnosisRecord first(JACKFIELD_TEST_PLUGIN_DIR, "discovery-opendht", network_.config({}).dump());
    ASSERT_TRUE(first.run());
    EXPECT_TRUE(first.said("dht").starts_with("note: ")) << first.said("dht");
}

} // namespace
} // namespace discovery_opendht::testing
