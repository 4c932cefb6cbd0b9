// The plugin between two peers on the loopback interface: finding, calling, watching, going away.
//
// Threads: the test's thread is the control thread of both peers; the plugin has its own.
#include <jackfield/testing/discovery_record.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace jackfield;
using namespace jackfield::testing;
using namespace std::chrono_literals;
using Json = nlohmann::json;

class Peer {
public:
    Peer(const TestIdentity* identity, int port)
    {
        if (identity != nullptr)
            identity->provide_to(host);
        instance_ = std::make_unique<InstanceUnderTest<jf_discovery_methods>>(
            host, JACKFIELD_TEST_PLUGIN_DIR, "discovery-lan", JF_DISCOVERY_INTERFACE,
            Json{{"addresses", {"127.0.0.1"}}, {"port", port}}.dump());
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

    FakeHost host;
    DiscoveryRecord heard;

private:
    std::unique_ptr<InstanceUnderTest<jf_discovery_methods>> instance_;
    jf_operation operation_ = 0;
};

class LanDiscovery : public ::testing::Test {
protected:
    LanDiscovery()
    {
        const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        socklen_t size = sizeof(address);
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
        ::close(socket);
        port_ = ntohs(address.sin_port);
    }

    /// Alice and Bob, who is announced.
    void start()
    {
        bob_ = std::make_unique<Peer>(&bob_id_, port_);
        alice_ = std::make_unique<Peer>(&alice_id_, port_);
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

    int port_ = 0;
    TestIdentity alice_id_;
    TestIdentity bob_id_;
    std::unique_ptr<Peer> bob_;
    std::unique_ptr<Peer> alice_;
};

TEST_F(LanDiscovery, FindsAPeerAndCarriesMessagesBothWays)
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

TEST_F(LanDiscovery, SaysThatNobodyIsThere)
{
    start();
    FindRecord found;
    alice_->find(found, alice_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_NOT_FOUND) << found.text;
}

TEST_F(LanDiscovery, TellsThatAPeerComesAndGoes)
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

TEST_F(LanDiscovery, SaysWhereItListens)
{
    start();
    EXPECT_EQ(bob_->describe()["state"], "online");
    EXPECT_EQ(bob_->describe()["listening"].get<std::string>().substr(0, 10), "127.0.0.1:");
}

TEST_F(LanDiscovery, RefusesAnAddressThatIsNone)
{
    FakeHost host;
    try {
        const InstanceUnderTest<jf_discovery_methods> instance(host, JACKFIELD_TEST_PLUGIN_DIR, "discovery-lan",
                                                               JF_DISCOVERY_INTERFACE, R"({"addresses":["eth0.12"]})");
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        EXPECT_EQ(std::string(failure.what()).substr(0, 14), "/addresses/0: ") << failure.what();
    }
}

TEST_F(LanDiscovery, ServesNobodyWithoutAnIdentity)
{
    bob_ = std::make_unique<Peer>(nullptr, port_);
    DoneRecord announced;
    bob_->announce(announced);
    ASSERT_TRUE(until([&] { return announced.calls == 1; }));
    EXPECT_EQ(announced.status, JF_UNSUPPORTED);
}

} // namespace
