// Whoever else finds our ports: what they send is neither data nor a reason to end, and they are let in a few at a
// time.
#include "direct.hpp"

namespace jackfield::direct_test {
namespace {

Bytes greeting(std::uint8_t word, const std::string& password, std::uint8_t component = 1)
{
    Bytes bytes{5, word, component, 0, 0, 0, 1, static_cast<std::uint8_t>(password.size())};
    bytes.insert(bytes.end(), password.begin(), password.end());
    return bytes;
}

constexpr const char* kWrongPassword = "this-is-not-the-password";

TEST(DirectStrangers, DatagramsOfSomebodyElseAreNobodys)
{
    FakeHost host;
    const auto instance = make_direct(host);
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1));
    Ear ear;
    call.b.path().open(ear);
    const std::uint16_t port = port_of(call.b.description());
    Socket stranger(SOCK_DGRAM);
    stranger.send_to(port, pattern(100, 7));
    stranger.send_to(port, greeting(1, kWrongPassword));
    stranger.send_to(port, greeting(2, kWrongPassword));
    stranger.send_to(port, greeting(1, password_of(call.b.description()), 2)); // of a component that is not this one
    stranger.send_to(port, pattern(100, 7));
    EXPECT_EQ(call.a.path().send(pattern(50)), JF_OK);
    ASSERT_TRUE(ear.wait_for_packets(1));
    EXPECT_EQ(ear.packets_[0], pattern(50));
    EXPECT_EQ(ear.count_, 1U);
    call.b.path().close();
}

// No more comes back than was sent, and to those who know the password alone: we are no amplifier.
TEST(DirectStrangers, AreNotAnswered)
{
    FakeHost host;
    const auto instance = make_direct(host);
    IceSession session(*instance, JF_CONTROLLED, JF_DATAGRAM);
    session.gather();
    session.set_remote("ufrg\nthepasswordofthispeer1\n");
    const std::string description = session.description();
    Socket stranger(SOCK_DGRAM);
    Socket peer(SOCK_DGRAM);
    stranger.send_to(port_of(description), greeting(1, kWrongPassword));
    const Bytes ask = greeting(1, password_of(description));
    peer.send_to(port_of(description), ask);
    EXPECT_LE(peer.receive().size(), ask.size()); // the stranger's came before, so it has been dealt with
    std::uint8_t byte = 0;
    EXPECT_EQ(recv(stranger.native(), &byte, 1, MSG_DONTWAIT), -1);
}

/// The next word of that kind that comes.
Bytes receive_word(Socket& socket, std::uint8_t word)
{
    for (;;) {
        Bytes bytes = socket.receive();
        if (bytes.empty() || bytes[1] == word)
            return bytes;
    }
}

// Whoever knows our password may have written another's address into what he sends; that one does not answer.
TEST(DirectStrangers, GetNoDataBecauseSomebodyAsksInTheirName)
{
    FakeHost host;
    const auto instance = make_direct(host);
    IceSession session(*instance, JF_CONTROLLED, JF_DATAGRAM);
    session.gather();
    session.set_remote("ufrg\nthepasswordofthispeer1\n");
    const std::string description = session.description();
    Socket victim(SOCK_DGRAM);
    for (const std::uint8_t word : {std::uint8_t{1}, std::uint8_t{2}}) { // ask, choose
        victim.send_to(port_of(description), greeting(word, password_of(description)));
        EXPECT_FALSE(receive_word(victim, 3).empty());
    }
    victim.send_to(port_of(description), greeting(3, password_of(description))); // a guess
    EXPECT_FALSE(receive_word(victim, 1).empty()) << "we ask back";

    Socket peer(SOCK_DGRAM);
    peer.send_to(port_of(description), greeting(1, password_of(description)));
    const Bytes ask = receive_word(peer, 1);
    ASSERT_GE(ask.size(), 8U);
    EXPECT_EQ(session.ready(), 0U) << "neither has shown that it hears us";
    Bytes answer = greeting(3, password_of(description));
    std::copy_n(ask.begin() + 3, 4, answer.begin() + 3);
    peer.send_to(port_of(description), answer);
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    EXPECT_EQ(session.path().send(pattern(10)), JF_OK);
    Bytes data;
    while (data.size() != 10)
        data = peer.receive();
    EXPECT_EQ(data, pattern(10));
    session.path().close();
}

TEST(DirectStrangers, AConnectionThatMeansSomebodyElseIsClosed)
{
    FakeHost host;
    const auto instance = make_direct(host);
    IceSession session(*instance, JF_CONTROLLED, JF_STREAM);
    session.gather();
    const std::string description = session.description();
    session.set_remote("ufrg\nthepasswordofthispeer1\n");
    for (const Bytes& first :
         {pattern(400), greeting(1, kWrongPassword), greeting(1, password_of(description), 2),
          greeting(3, password_of(description)), greeting(2, password_of(description).substr(0, 21) + "x")}) {
        Socket stranger(SOCK_STREAM);
        ASSERT_TRUE(stranger.connect(port_of(description)));
        stranger.send(first);
        EXPECT_TRUE(stranger.ends());
    }
    host.run_pending();
    EXPECT_EQ(session.ready(), 0U);
    EXPECT_EQ(session.failed_, 0);
}

TEST(DirectStrangers, ThatSayNothingKeepNobodyOutForLong)
{
    FakeHost host;
    const auto instance = make_direct(host, R"("connect_timeout_ms": 1500)");
    IceSession session(*instance, JF_CONTROLLED, JF_STREAM);
    session.gather();
    const std::string description = session.description();
    session.set_remote("ufrg\nthepasswordofthispeer1\n");
    std::vector<Socket> strangers;
    for (int i = 0; i < 8; ++i) {
        strangers.emplace_back(SOCK_STREAM);
        ASSERT_TRUE(strangers.back().connect(port_of(description)));
    }
    Socket ninth(SOCK_STREAM);
    ASSERT_TRUE(ninth.connect(port_of(description)));
    EXPECT_TRUE(ninth.ends()) << "eight are enough";
    std::uint8_t byte = 0;
    EXPECT_EQ(recv(strangers.front().native(), &byte, 1, MSG_DONTWAIT), -1) << "and they are still there";
    for (auto& stranger : strangers)
        EXPECT_TRUE(stranger.ends());
    Socket peer(SOCK_STREAM);
    ASSERT_TRUE(peer.connect(port_of(description)));
    peer.send(greeting(1, password_of(description)));
    EXPECT_GE(peer.receive().size(), 8U) << "there is room again";
}

TEST(DirectStrangers, WhoeverAnswersAtThePeersAddressIsNotTakenForThePeer)
{
    FakeHost host;
    const auto instance = make_direct(host, R"("connect_timeout_ms": 500)");
    Socket impostor(SOCK_STREAM);
    impostor.listen();
    IceSession session(*instance, JF_CONTROLLING, JF_STREAM);
    session.gather();
    session.set_remote("ufrg\nthepasswordofthispeer1\n" + candidate(JF_STREAM, impostor.port()) + "\n");
    Socket taken = impostor.accept();
    const Bytes ask = taken.receive();
    ASSERT_GE(ask.size(), 8U);
    EXPECT_EQ(std::string(ask.begin() + 8, ask.end()), "thepasswordofthispeer1");
    Bytes answer = greeting(3, kWrongPassword);
    std::copy_n(ask.begin() + 3, 4, answer.begin() + 3);
    taken.send(answer);
    EXPECT_TRUE(taken.ends());
    ASSERT_TRUE(host.run_until([&] { return session.failed_ != 0; }));
    EXPECT_EQ(session.ready(), 0U);
    EXPECT_NE(session.text_.find("means somebody else"), std::string::npos) << session.text_;
}

} // namespace
} // namespace jackfield::direct_test
