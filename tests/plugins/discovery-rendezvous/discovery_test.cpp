// The plugin between two peers and a server: finding, calling, watching, being offline, going away.
//
// Threads: the test's thread is the control thread of both peers; plugin and server have their own.
#include "tests/kernel/temporary_folder.hpp"
#include "tools/rendezvous/server.hpp"
#include "tools/rendezvous/sqlite_store.hpp"

#include <jackfield/testing/discovery_record.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

namespace {

using namespace jackfield;
using namespace jackfield::testing;
using namespace std::chrono_literals;
using Json = nlohmann::json;
namespace server = jackfield::rendezvous;

class Peer {
public:
    Peer(const TestIdentity* identity, const std::vector<std::string>& servers)
    {
        if (identity != nullptr)
            identity->provide_to(host);
        instance_ = std::make_unique<InstanceUnderTest<jf_discovery_methods>>(
            host, JACKFIELD_TEST_PLUGIN_DIR, "discovery-rendezvous", JF_DISCOVERY_INTERFACE,
            Json{{"servers", servers}}.dump());
        jf_error error = no_error();
        check((*instance_)->start(self(), heard.listener(), &error), error);
    }

    void* self() const { return instance_->self(); }
    Json describe() const
    {
        std::string text;
        (*instance_)->describe(self(), append_to(text), nullptr);
        return Json::parse(text);
    }
    bool online() const { return !heard.states.empty() && heard.states.back() == JF_ONLINE; }
    void announce(DoneRecord& end) { (*instance_)->announce(self(), end.done()); }
    void find(FindRecord& found, std::string_view account)
    {
        (*instance_)->find(self(), ++operation_, to_text(account), found.sink());
    }
    void send(DoneRecord& end, const Device& to, const std::string& blob)
    {
        const jf_device device = to.raw();
        CallMessage message;
        message.call_id = ++operation_;
        message.blob = blob;
        message.sent_ms = host.host().wall_ms();
        const jf_call_message raw = message.raw();
        (*instance_)->send(self(), operation_, &device, &raw, end.done());
    }
    void watch(std::string_view account) { (*instance_)->watch(self(), to_text(account)); }
    void stop(DoneRecord& end) { (*instance_)->stop(self(), end.done()); }
    void look_again() { (*instance_)->network_changed(self()); }

    FakeHost host;
    DiscoveryRecord heard;

private:
    std::unique_ptr<InstanceUnderTest<jf_discovery_methods>> instance_;
    jf_operation operation_ = 0;
};

class RendezvousDiscovery : public ::testing::Test {
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

    /// Alice and Bob, who is announced.
    void start()
    {
        bob_ = std::make_unique<Peer>(&bob_id_, std::vector{url()});
        alice_ = std::make_unique<Peer>(&alice_id_, std::vector{url()});
        DoneRecord announced;
        bob_->announce(announced);
        ASSERT_TRUE(until([&] { return announced.calls == 1; }));
        ASSERT_EQ(announced.status, JF_OK) << announced.text;
    }

    bool until(const std::function<bool()>& done, std::chrono::milliseconds deadline = 20s)
    {
        std::vector<FakeHost*> hosts;
        for (const auto* peer : {&alice_, &bob_}) {
            if (*peer)
                hosts.push_back(&(*peer)->host);
        }
        return FakeHost::run_together(hosts, done, deadline);
    }

    jackfield::test::TemporaryFolder folder_;
    server::Server::Options options_;
    std::unique_ptr<server::Server> server_;
    TestIdentity alice_id_;
    TestIdentity bob_id_;
    std::unique_ptr<Peer> bob_;
    std::unique_ptr<Peer> alice_;
};

TEST_F(RendezvousDiscovery, FindsAPeerAndCarriesMessagesBothWays)
{
    start();
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_OK) << found.text;
    ASSERT_EQ(found.devices.size(), 1U);
    EXPECT_EQ(found.devices[0], bob_id_.device());

    DoneRecord sent;
    alice_->send(sent, found.devices[0], "please");
    ASSERT_TRUE(until([&] { return sent.calls == 1 && bob_->heard.messages.size() == 1; }));
    EXPECT_EQ(sent.status, JF_OK) << sent.text;
    EXPECT_EQ(bob_->heard.messages[0].first, alice_id_.device());
    EXPECT_EQ(bob_->heard.messages[0].second.blob, "please");

    DoneRecord answered;
    bob_->send(answered, bob_->heard.messages[0].first, "gladly");
    ASSERT_TRUE(until([&] { return answered.calls == 1 && alice_->heard.messages.size() == 1; }));
    EXPECT_EQ(alice_->heard.messages[0].second.blob, "gladly");
}

TEST_F(RendezvousDiscovery, SaysThatNobodyIsThere)
{
    start();
    FindRecord found;
    alice_->find(found, alice_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_NOT_FOUND) << found.text;
}

TEST_F(RendezvousDiscovery, TellsThatAPeerComesAndGoes)
{
    start();
    alice_->watch(bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return alice_->heard.presence.size() == 1; }));
    EXPECT_TRUE(alice_->heard.presence[0].second);
    DoneRecord stopped;
    bob_->stop(stopped);
    ASSERT_TRUE(until([&] { return stopped.calls == 1 && alice_->heard.presence.size() == 2; }));
    EXPECT_EQ(stopped.status, JF_OK) << stopped.text;
    EXPECT_FALSE(alice_->heard.presence[1].second);
}

TEST_F(RendezvousDiscovery, CarriesAMessageThatWasSentWhileTheServerWasAway)
{
    start();
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1 && found.devices.size() == 1; }));
    server_.reset();
    ASSERT_TRUE(until([&] { return !alice_->online() && !bob_->online(); }));
    DoneRecord sent;
    alice_->send(sent, found.devices[0], "please");
    start_server();
    alice_->look_again();
    bob_->look_again();
    ASSERT_TRUE(until([&] { return sent.calls == 1 && bob_->heard.messages.size() == 1; }));
    EXPECT_EQ(sent.status, JF_OK) << sent.text;
}

TEST_F(RendezvousDiscovery, SaysWhichServersWorkAndWhyOthersDoNot)
{
    bob_ = std::make_unique<Peer>(&bob_id_, std::vector<std::string>{"http://127.0.0.1:1", url()});
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
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    alice_->send(sent, bob_id_.device(), secret);
    ASSERT_TRUE(until([&] { return sent.calls == 1; }));
    ASSERT_EQ(sent.status, JF_OK) << sent.text;
    server_.reset();
    server::SqliteStore store(options_.store, {}, {});
    const auto values = store.get("callto:" + bob_id_.device().device_id);
    ASSERT_EQ(values.size(), 1U);
    EXPECT_EQ(values[0].find(secret.substr(0, 8)), std::string::npos);
}

TEST_F(RendezvousDiscovery, ServesNobodyWithoutAnIdentity)
{
    bob_ = std::make_unique<Peer>(nullptr, std::vector{url()});
    DoneRecord announced;
    bob_->announce(announced);
    ASSERT_TRUE(until([&] { return announced.calls == 1; }));
    EXPECT_EQ(announced.status, JF_UNSUPPORTED);
}

} // namespace
