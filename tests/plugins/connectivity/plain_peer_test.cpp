// A peer that does no ICE: a plain telephone, played by sockets of the test.
#include "every_plugin.hpp"

#include "tests/udp_phone.hpp"

namespace jackfield::connectivity_test {
namespace {

using test::UdpPhone;

class PlainPeer : public EveryPlugin {
protected:
    static std::string line(unsigned component, std::uint16_t port, const std::string& address = "127.0.0.1")
    {
        return "1 " + std::to_string(component) + " UDP 1 " + address + " " + std::to_string(port) + " typ host\n";
    }

    static std::string at(std::uint16_t port) { return "-\n-\n" + line(1, port); }

    /// Where the phone is told to send.
    static std::uint16_t port_of(const IceSession& session, unsigned component = 1)
    {
        for (const auto& text : lines_of(session.description())) {
            const auto address = text.find(" 127.0.0.1 ");
            if (address != std::string::npos && text.find(" " + std::to_string(component) + " UDP ") != text.npos)
                return static_cast<std::uint16_t>(std::stoi(text.substr(address + 11)));
        }
        return 0;
    }

    /// Something that looks like RTP, and can be told from others.
    static Bytes rtp(std::uint8_t mark)
    {
        Bytes packet(172, mark);
        packet[0] = 0x80;
        return packet;
    }
};

TEST_P(PlainPeer, IsReadyAtOnceAndHasMediaBothWays)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM, 2);
    session.gather();
    UdpPhone sound;
    UdpPhone reports;
    session.set_remote("-\n-\n" + line(1, sound.port()) + line(2, reports.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 2 && session.pairs_.size() == 2; }));
    Ear ear;
    session.path(1).open(ear);
    EXPECT_EQ(session.path(1).send(rtp(1)), JF_OK);
    EXPECT_EQ(session.path(2).send(rtp(2)), JF_OK);
    std::uint16_t from = 0;
    EXPECT_EQ(sound.receive(&from), rtp(1)) << "nothing else comes before: no check, no greeting";
    EXPECT_EQ(from, port_of(session, 1)) << "symmetric RTP: we send from where we receive (RFC 4961)";
    EXPECT_EQ(reports.receive(&from), rtp(2));
    EXPECT_EQ(from, port_of(session, 2));
    sound.send_to(port_of(session), rtp(3));
    ASSERT_TRUE(ear.wait_for_packets(1));
    EXPECT_EQ(ear.packets_[0], rtp(3));
    EXPECT_NE(session.pairs_[1].remote.find("127.0.0.1 " + std::to_string(sound.port()) + " typ host"),
              std::string::npos)
        << session.pairs_[1].remote;
    session.path(1).close();
}

TEST_P(PlainPeer, MayTurnOutToBeOneAfterIceWasOffered)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    ASSERT_TRUE(host.run_until([&] { return session.gathered_ == 1; }));
    const std::string offered = session.description();
    UdpPhone phone;
    session.set_remote(at(phone.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    EXPECT_EQ(session.description(), offered) << "a later offer names the same addresses";
    EXPECT_EQ(session.path().send(rtp(1)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(1));
}

// The first packet of a DTLS handshake overtakes the answer that it belongs to.
TEST_P(PlainPeer, IsHeardEvenIfItSpokeBeforeItsAnswerWasHere)
{
    if (plugin() == "ice-libnice")
        GTEST_SKIP() << "libnice reads and drops what comes before anything is known of the peer";
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    ASSERT_TRUE(host.run_until([&] { return session.gathered_ == 1; }));
    UdpPhone phone;
    for (std::uint8_t mark = 1; mark <= 20; ++mark)
        phone.send_to(port_of(session), rtp(mark));
    // The plugin's thread reads what came first first: once this other call has its packet, those above were read.
    IceSession other(*instance, JF_CONTROLLING, JF_DATAGRAM);
    other.gather();
    UdpPhone speaks;
    other.set_remote(at(speaks.port()));
    ASSERT_TRUE(host.run_until([&] { return other.ready() == 1; }));
    Ear other_ear;
    other.path().open(other_ear);
    speaks.send_to(port_of(other), rtp(1));
    ASSERT_TRUE(other_ear.wait_for_packets(1));
    other.path().close();
    session.set_remote(at(phone.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    Ear ear;
    session.path().open(ear);
    ASSERT_TRUE(ear.wait_for_packets(1));
    phone.send_to(port_of(session), rtp(99));
    ASSERT_TRUE(ear.wait_for_packets(17)) << "16 are kept, and later ones are heard";
    EXPECT_EQ(ear.packets_[0], rtp(1));
    EXPECT_EQ(ear.packets_[15], rtp(16));
    EXPECT_EQ(ear.packets_[16], rtp(99));
    session.path().close();
}

// It is behind a NAT: what it announced leads nowhere, and its packets show the way.
TEST_P(PlainPeer, IsFollowedOnceToWhereItsFirstPacketComesFrom)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    UdpPhone nowhere;
    UdpPhone phone;
    UdpPhone stranger;
    session.set_remote(at(nowhere.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    Ear ear;
    session.path().open(ear);
    phone.send_to(port_of(session), rtp(1));
    ASSERT_TRUE(ear.wait_for_packets(1));
    EXPECT_EQ(session.path().send(rtp(2)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(2));
    stranger.send_to(port_of(session), rtp(3));
    phone.send_to(port_of(session), rtp(4));
    ASSERT_TRUE(ear.wait_for_packets(2));
    EXPECT_EQ(ear.packets_[1], rtp(4)) << "whoever comes second is nobody";
    EXPECT_EQ(session.path().send(rtp(5)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(5));
    ASSERT_TRUE(host.run_until([&] { return session.pair_events_ == 2; }));
    EXPECT_NE(session.pairs_[1].remote.find(std::to_string(phone.port()) + " typ prflx"), std::string::npos)
        << session.pairs_[1].remote;
    session.path().close();
}

TEST_P(PlainPeer, ThatWasHeardFromItsAddressIsNeverFollowedElsewhere)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    UdpPhone phone;
    UdpPhone stranger;
    session.set_remote(at(phone.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    Ear ear;
    session.path().open(ear);
    phone.send_to(port_of(session), rtp(1));
    stranger.send_to(port_of(session), rtp(2));
    phone.send_to(port_of(session), rtp(3));
    ASSERT_TRUE(ear.wait_for_packets(2));
    EXPECT_EQ(ear.packets_[1], rtp(3));
    EXPECT_EQ(session.path().send(rtp(4)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(4));
    session.path().close();
}

TEST_P(PlainPeer, TakesItsPlaceBackFromAStrangerWhoWasFaster)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    UdpPhone phone;
    UdpPhone stranger;
    session.set_remote(at(phone.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    Ear ear;
    session.path().open(ear);
    stranger.send_to(port_of(session), Bytes(100, 'x')); // nothing that media could be
    stranger.send_to(port_of(session), rtp(1));
    ASSERT_TRUE(ear.wait_for_packets(1));
    EXPECT_EQ(ear.packets_[0], rtp(1));
    phone.send_to(port_of(session), rtp(2));
    stranger.send_to(port_of(session), rtp(3));
    phone.send_to(port_of(session), rtp(4));
    ASSERT_TRUE(ear.wait_for_packets(3));
    EXPECT_EQ(ear.packets_[1], rtp(2));
    EXPECT_EQ(ear.packets_[2], rtp(4));
    EXPECT_EQ(session.path().send(rtp(5)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(5));
    session.path().close();
}

// A re-INVITE moved the phone's media to another server; what is under way from the old one changes nothing.
TEST_P(PlainPeer, IsMovedByASecondDescription)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    UdpPhone before;
    UdpPhone after;
    session.set_remote(at(before.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    Ear ear;
    session.path().open(ear);
    before.send_to(port_of(session), rtp(1));
    ASSERT_TRUE(ear.wait_for_packets(1));
    session.set_remote(at(after.port()));
    ASSERT_TRUE(host.run_until([&] { return session.pair_events_ == 2; }));
    EXPECT_EQ(session.path().send(rtp(2)), JF_OK);
    EXPECT_EQ(after.receive(), rtp(2));
    before.send_to(port_of(session), rtp(3));
    after.send_to(port_of(session), rtp(4));
    ASSERT_TRUE(ear.wait_for_packets(2));
    EXPECT_EQ(ear.packets_[1], rtp(4));
    EXPECT_EQ(session.path().send(rtp(5)), JF_OK);
    EXPECT_EQ(after.receive(), rtp(5));
    EXPECT_EQ(session.ready_order_.size(), 1U) << "the path is the one there was";
    session.path().close();
}

TEST_P(PlainPeer, WhoseDescriptionIsUnchangedStaysWhereItWasFound)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    UdpPhone nowhere;
    UdpPhone phone;
    session.set_remote(at(nowhere.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    Ear ear;
    session.path().open(ear);
    phone.send_to(port_of(session), rtp(1));
    ASSERT_TRUE(ear.wait_for_packets(1));
    session.set_remote(at(nowhere.port()));
    ASSERT_TRUE(host.run_until([&] { return session.pair_events_ == 3; }));
    EXPECT_EQ(session.path().send(rtp(2)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(2));
    session.path().close();
}

TEST_P(PlainPeer, ThatIsNowhereYetGetsNothingUntilItIsHeard)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLED, JF_DATAGRAM);
    session.gather();
    session.set_remote("-\n-\n" + line(1, 0, "0.0.0.0"));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    Ear ear;
    session.path().open(ear);
    EXPECT_EQ(session.path().send(rtp(1)), JF_OK) << "lost, as any datagram may be";
    UdpPhone phone;
    phone.send_to(port_of(session), rtp(2));
    ASSERT_TRUE(ear.wait_for_packets(1));
    EXPECT_EQ(session.path().send(rtp(3)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(3));
    session.path().close();
}

TEST_P(PlainPeer, HasNoStreamAndNoIceAfterwards)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession stream(*instance, JF_CONTROLLING, JF_STREAM);
    stream.gather();
    try {
        stream.set_remote(at(9));
        ADD_FAILURE() << "a stream without ICE";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    }
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    UdpPhone phone;
    session.set_remote(at(phone.port()));
    try {
        session.set_remote("ufrg\n0123456789012345678901\n" + line(1, phone.port()));
        ADD_FAILURE() << "ICE in a session without";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BUSY);
    }
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    EXPECT_EQ(session.path().send(rtp(1)), JF_OK);
    EXPECT_EQ(phone.receive(), rtp(1));
}

TEST_P(PlainPeer, IsNeverAGroupOfHosts)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM, 2);
    session.gather();
    UdpPhone phone;
    session.set_remote("-\n-\n" + line(1, 5004, "224.2.2.2") + line(2, phone.port()));
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));
    EXPECT_TRUE(session.paths_.contains(2));
}

JF_INSTANTIATE_EVERY_PLUGIN(PlainPeer);

} // namespace
} // namespace jackfield::connectivity_test
