// Neighbours that know each other's address, beyond what every discovery promises (sdk/conformance): words of failures,
// restarts, and what strangers on the port get.
//
// Threads: the test's thread is the control thread of both; the plugin has a network thread of its own.

#include "tests/plugins/discovery_peer.hpp"

#include <jackfield/testing/diagnosis_record.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace discovery_test;
using jackfield::testing::DiagnosisRecord;

class StaticDiscovery : public Two {
protected:
    std::unique_ptr<Peer> peer(const TestIdentity& identity, const Json& peers,
                               const std::string& listen = "127.0.0.1:0") const
    {
        auto made = std::make_unique<Peer>("discovery-static", Json{{"listen", listen}, {"peers", peers}}, &identity);
        check(made->start(), make_error(JF_INTERNAL, made->error()));
        return made;
    }

    /// Bob waits and is announced; Alice knows where.
    void start()
    {
        bob_ = peer(bob_id_, Json::array());
        announce_bob();
        alice_ =
            peer(alice_id_, Json::array({{{"account", bob_id_.device().account_id}, {"address", bob_->address()}}}));
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
};

TEST_F(StaticDiscovery, SaysThatAnAccountIsNotConfigured)
{
    start();
    const FindRecord found = find("stranger");
    EXPECT_EQ(found.status, JF_NOT_FOUND);
    EXPECT_EQ(found.text, "account stranger is not among the configured peers");
}

TEST_F(StaticDiscovery, NamesTheAddressThatRefuses)
{
    start();
    const std::string address = bob_->address();
    bob_.reset();
    const FindRecord found = find(bob_id_.device().account_id);
    EXPECT_EQ(found.status, JF_UNREACHABLE);
    EXPECT_EQ(found.text, address + ": Connection refused");
}

TEST_F(StaticDiscovery, FindsAPeerAgainThatWasRestarted)
{
    start();
    const std::string address = bob_->address();
    const FindRecord before = find(bob_id_.device().account_id);
    bob_.reset();
    bob_ = peer(bob_id_, Json::array(), address);
    announce_bob();
    // The old connection may still look open to Alice: the find that meets its end says so, the next one goes through.
    const FindRecord first = find(bob_id_.device().account_id);
    const FindRecord second = find(bob_id_.device().account_id);
    EXPECT_EQ(second.status, JF_OK) << second.text;
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
    const FindRecord found = find(bob_id_.device().account_id);
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
        peer(alice_id_, Json::array({twice, twice}));
        FAIL() << "accepted";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        EXPECT_STREQ(failure.what(), "/peers: account a stands there twice; once would work");
    }
}

/// What is said of one listed peer.
std::string said_of(const std::string& address, const std::string& account = "somebody",
                    std::chrono::nanoseconds limit = std::chrono::seconds(10),
                    const std::string& listen = "127.0.0.1:4300")
{
    const Json config{{"listen", listen}, {"peers", {{{"account", account}, {"address", address}}}}};
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-static", config.dump(), limit);
    EXPECT_TRUE(record.run());
    return record.said("address/0");
}

TEST_F(StaticDiscovery, SaysWhoIsAtAListedAddress)
{
    start();
    EXPECT_EQ(said_of(bob_->address(), bob_id_.device().account_id),
              "ok: " + bob_->address() + " answers, and the account is there");
    EXPECT_TRUE(said_of(bob_->address()).starts_with("note: " + bob_->address() + " answers, and does not know the "));
    const std::string address = bob_->address();
    bob_.reset();
    EXPECT_TRUE(said_of(address).starts_with("note: Nobody listens at " + address)) << said_of(address);
}

TEST(StaticDiagnosis, SaysWhichNameDoesNotResolve)
{
    const std::string impossible = std::string(70, 'x') + ".example:4300"; // a label has 63 letters: nobody is asked
    EXPECT_TRUE(said_of(impossible).starts_with("problem: The name in " + impossible + " does not resolve"))
        << said_of(impossible);
}

TEST(StaticDiagnosis, KnowsOurOwnAddressByItsNumberAndByItsName)
{
    EXPECT_TRUE(said_of("127.0.0.1:4300").starts_with("problem: The address 127.0.0.1:4300 is our own"));
    EXPECT_TRUE(said_of("localhost:4300", "somebody", std::chrono::seconds(10), "0.0.0.0:4300")
                    .starts_with("problem: The address localhost:4300 is our own"));
}

TEST(StaticDiagnosis, SaysWhoIsSilentAndWhoIsSomebodyElse)
{
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
    ASSERT_EQ(::listen(socket, 0), 0);
    ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size), 0);
    const std::string address = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    EXPECT_TRUE(said_of(address, "somebody", std::chrono::milliseconds(300))
                    .starts_with("problem: " + address + " accepts a connection and says nothing"));
    // That connection fills the queue: the system answers no further one.
    std::vector<int> others;
    for (int i = 0; i < 3; ++i) {
        others.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        ::connect(others.back(), reinterpret_cast<const sockaddr*>(&at), sizeof(at));
    }
    EXPECT_TRUE(said_of(address, "somebody", std::chrono::milliseconds(300))
                    .starts_with("note: " + address + " does not answer"));
    for (const int other : others)
        ::close(other);
    ::close(socket);
}

TEST(StaticDiagnosis, SaysThatNobodyIsListed)
{
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-static", "{}");
    ASSERT_TRUE(record.run());
    EXPECT_TRUE(record.said("address").starts_with("skipped: No peer is listed")) << record.said("address");
}

} // namespace
