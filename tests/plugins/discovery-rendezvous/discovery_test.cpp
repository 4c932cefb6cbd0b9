// The plugin between two peers and a server, beyond what every discovery promises (sdk/conformance): being offline,
// several servers, and what a server sees.
//
// Threads: the test's thread is the control thread of both peers; plugin and server have their own.
#include "tests/kernel/temporary_folder.hpp"
#include "tests/plugins/discovery_peer.hpp"
#include "tools/rendezvous/server.hpp"
#include "tools/rendezvous/sqlite_store.hpp"

#include <jackfield/testing/diagnosis_record.hpp>
#include <jackfield/testing/free_port.hpp>

#include <gtest/gtest.h>

namespace {

using namespace discovery_test;
namespace server = jackfield::rendezvous;

class RendezvousDiscovery : public Two {
protected:
    RendezvousDiscovery()
    {
        options_.bind = "127.0.0.1";
        options_.port = 0;
        options_.store = (folder_.path() / "board").string();
        start_server();
        options_.port = server_->port();
    }
    void start_server() { server_ = std::make_unique<server::Server>(options_); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(options_.port); }

    std::unique_ptr<Peer> peer(const TestIdentity& identity, const std::vector<std::string>& servers) const
    {
        auto made = std::make_unique<Peer>("discovery-rendezvous", Json{{"servers", servers}}, &identity);
        check(made->start(), make_error(JF_INTERNAL, made->error()));
        return made;
    }

    /// Alice and Bob, who is announced.
    void start()
    {
        bob_ = peer(bob_id_, {url()});
        alice_ = peer(alice_id_, {url()});
        announce_bob();
    }

    jackfield::test::TemporaryFolder folder_;
    server::Server::Options options_;
    std::unique_ptr<server::Server> server_;
};

TEST_F(RendezvousDiscovery, CarriesAMessageThatWasSentWhileTheServerWasAway)
{
    start();
    const FindRecord found = find(bob_id_.device().account_id);
    ASSERT_EQ(found.devices.size(), 1U) << found.text;
    server_.reset();
    ASSERT_TRUE(until([&] { return !alice_->online() && !bob_->online(); }));
    DoneRecord sent;
    alice_->send(sent, found.devices[0], request("please"));
    start_server();
    alice_->look_again();
    bob_->look_again();
    ASSERT_TRUE(until([&] { return sent.calls == 1 && bob_->heard.messages.size() == 1; }));
    EXPECT_EQ(sent.status, JF_OK) << sent.text;
}

TEST_F(RendezvousDiscovery, SaysWhichServersWorkAndWhyOthersDoNot)
{
    bob_ = peer(bob_id_, {"http://127.0.0.1:1", url()});
    ASSERT_TRUE(until([&] { return bob_->online(); }));
    ASSERT_TRUE(
        until([&] { return bob_->describe()["servers"][0].value("why", "").find("refused") != std::string::npos; }));
    const Json state = bob_->describe();
    EXPECT_EQ(state["state"], "online");
    EXPECT_EQ(state["servers"][1]["state"], "online");
    EXPECT_EQ(state["servers"][0]["state"], "offline");
}

TEST_F(RendezvousDiscovery, ShowsTheServerNothingButSealedBytes)
{
    start();
    DoneRecord sent;
    const std::string secret = "0d04b935 the candidates of a call 198.51.100.7";
    const FindRecord found = find(bob_id_.device().account_id);
    ASSERT_EQ(found.devices.size(), 1U) << found.text;
    alice_->send(sent, bob_id_.device(), request(secret));
    ASSERT_TRUE(until([&] { return sent.calls == 1; }));
    ASSERT_EQ(sent.status, JF_OK) << sent.text;
    server_.reset();
    server::SqliteStore store(options_.store, {}, {});
    const auto values = store.get("callto:" + bob_id_.device().device_id);
    ASSERT_EQ(values.size(), 1U);
    EXPECT_EQ(values[0].find(secret.substr(0, 8)), std::string::npos);
}

TEST_F(RendezvousDiscovery, SaysOfEachServerWhetherItTakesAValueAndGivesItBack)
{
    const auto nobody = "127.0.0.1:" + std::to_string(jackfield::testing::free_port(SOCK_STREAM));
    jackfield::testing::DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-rendezvous",
                                               Json{{"servers", {url(), "http://" + nobody}}}.dump());
    ASSERT_TRUE(record.run());
    EXPECT_TRUE(record.said("server/0").starts_with("ok: ")) << record.said("server/0");
    const auto missing = record.said("server/1");
    EXPECT_NE(missing.find("problem: A rendezvous server cannot be reached: " + nobody + ": Connection refused -> "),
              std::string::npos)
        << missing;
}

} // namespace
