// Two neighbours that know each other's address: finding, calling, and what strangers on the port get.
//
// Threads: the test's thread is the control thread of both; the plugin has a network thread of its own.

#include <jackfield/testing/discovery_record.hpp>
#include <jackfield/testing/test_identity.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace jackfield;
using namespace jackfield::testing;
using namespace std::chrono_literals;
using Json = nlohmann::json;

class Peer {
public:
    Peer(const TestIdentity& identity, const Json& peers, const std::string& listen = "127.0.0.1:0")
    {
        identity.provide_to(host);
        instance_ = std::make_unique<InstanceUnderTest<jf_discovery_methods>>(
            host, JACKFIELD_TEST_PLUGIN_DIR, "discovery-static", JF_DISCOVERY_INTERFACE,
            Json{{"listen", listen}, {"peers", peers}}.dump());
        jf_error error = no_error();
        check((*instance_)->start(self(), heard.listener(), &error), error);
    }

    void* self() const { return instance_->self(); }

    std::string address() const
    {
        std::string text;
        (*instance_)->describe(self(), append_to(text), nullptr);
        return Json::parse(text)["listening"];
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

class StaticDiscovery : public ::testing::Test {
protected:
    /// Bob waits and is announced; Alice knows where.
    void start()
    {
        bob_ = std::make_unique<Peer>(bob_id_, Json::array());
        DoneRecord announced;
        bob_->announce(announced);
        ASSERT_TRUE(until([&] { return announced.calls == 1; }));
        ASSERT_EQ(announced.status, JF_OK) << announced.text;
        alice_ = std::make_unique<Peer>(
            alice_id_, Json::array({{{"account", bob_id_.device().account_id}, {"address", bob_->address()}}}));
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

    /// A plain connection to Bob, as a stranger would make one.
    int connect_to_bob() const
    {
        const std::string address = bob_->address();
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
        const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
        const timeval limit{20, 0};
        ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        return socket;
    }

    /// True if the other end closes without a word.
    static bool is_closed(int socket)
    {
        char byte = 0;
        return ::recv(socket, &byte, 1, 0) <= 0;
    }

    TestIdentity alice_id_;
    TestIdentity bob_id_;
    std::unique_ptr<Peer> bob_;
    std::unique_ptr<Peer> alice_;
};

TEST_F(StaticDiscovery, FindsAPeerAndCarriesMessagesBothWays)
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
    EXPECT_EQ(bob_->heard.messages[0].second.blob, "please");
    EXPECT_EQ(bob_->heard.messages[0].first, alice_id_.device());

    DoneRecord answered; // Bob has no peer in his file: the answer goes the way the request came
    bob_->send(answered, bob_->heard.messages[0].first, "gladly");
    ASSERT_TRUE(until([&] { return answered.calls == 1 && alice_->heard.messages.size() == 1; }));
    EXPECT_EQ(alice_->heard.messages[0].second.blob, "gladly");
}

TEST_F(StaticDiscovery, SaysThatAnAccountIsNotConfigured)
{
    start();
    FindRecord found;
    alice_->find(found, "stranger");
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_NOT_FOUND);
    EXPECT_EQ(found.text, "account stranger is not among the configured peers");
}

TEST_F(StaticDiscovery, NamesTheAddressThatRefuses)
{
    start();
    const std::string address = bob_->address();
    bob_.reset();
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_UNREACHABLE);
    EXPECT_EQ(found.text, address + ": Connection refused");
}

TEST_F(StaticDiscovery, FindsAPeerAgainThatWasRestarted)
{
    start();
    const std::string address = bob_->address();
    FindRecord before;
    alice_->find(before, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return before.calls == 1; }));
    bob_.reset();
    bob_ = std::make_unique<Peer>(bob_id_, Json::array(), address);
    DoneRecord announced;
    bob_->announce(announced);
    ASSERT_TRUE(until([&] { return announced.calls == 1; }));
    // The old connection may still look open to Alice: the find that meets its end says so, the next one goes through.
    FindRecord first;
    alice_->find(first, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return first.calls == 1; }));
    FindRecord second;
    alice_->find(second, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return second.calls == 1; }));
    EXPECT_EQ(second.status, JF_OK) << second.text;
}

TEST_F(StaticDiscovery, SeesAWatchedPeerComeAndGo)
{
    start();
    alice_->watch(bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return alice_->heard.presence.size() == 1; }));
    EXPECT_TRUE(alice_->heard.presence[0].second);
    DoneRecord stopped;
    bob_->stop(stopped);
    ASSERT_TRUE(until([&] { return alice_->heard.presence.size() == 2; }));
    EXPECT_FALSE(alice_->heard.presence[1].second);
}

TEST_F(StaticDiscovery, ClosesOnGarbageAndOversizedFrames)
{
    start();
    for (const std::string& bytes : {std::string("\xff\xff\xff\xff", 4),   // 4 GiB to come
                                     std::string("\0\0\0\3\x09\0\0", 7),   // no such type
                                     std::string("\0\0\0\3\x01\0\x09", 7), // a key longer than its frame
                                     std::string("\0\0\0\1\x01", 5),       // too short for anything
                                     std::string("GET / HTTP/1.1\r\n\r\n")}) {
        const int stranger = connect_to_bob();
        ::send(stranger, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        EXPECT_TRUE(is_closed(stranger));
        ::close(stranger);
    }
    FindRecord found;
    alice_->find(found, bob_id_.device().account_id);
    ASSERT_TRUE(until([&] { return found.calls == 1; }));
    EXPECT_EQ(found.status, JF_OK) << "others are served all the same";
}

TEST_F(StaticDiscovery, AdmitsEightConnectionsOfOneAddress)
{
    start();
    std::vector<int> sockets;
    for (int i = 0; i < 9; ++i)
        sockets.push_back(connect_to_bob());
    EXPECT_TRUE(is_closed(sockets.back()));
    for (const int socket : sockets)
        ::close(socket);
}

TEST_F(StaticDiscovery, RefusesAListWithTheSameAccountTwice)
{
    try {
        const Json twice = {{"account", "a"}, {"address", "127.0.0.1:1"}};
        Peer peer(alice_id_, Json::array({twice, twice}));
        FAIL() << "accepted";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        EXPECT_STREQ(failure.what(), "/peers: account a stands there twice; once would work");
    }
}

} // namespace
