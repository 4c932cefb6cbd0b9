// What a NAT does to packets, one at a time and by a clock of the test's.

#include "nat.hpp"
#include "test_packet.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

using namespace std::chrono_literals;

const Address kOutside = Address::parse("198.51.100.7");
const Place kInside{Address::parse("192.168.1.2"), 5000};
const Place kServer{Address::parse("203.0.113.1"), 3478};
const Place kServersOtherPort{kServer.address, 3479};
const Place kStranger{Address::parse("203.0.113.2"), 3478};

/// Where a packet from inside seems to come from; nothing if it is dropped.
std::optional<Place> seen_from(Nat& nat, const Place& to, Time now = {}, const Place& from = kInside)
{
    Packet packet = make_packet(Protocol::udp, from, to);
    if (!nat.outbound(packet, now))
        return std::nullopt;
    EXPECT_TRUE(checksums_hold(packet));
    EXPECT_EQ(packet.destination(), to);
    return packet.source();
}

/// Who inside gets a packet from outside; nothing if it is dropped.
std::optional<Place> let_in(Nat& nat, const Place& from, std::uint16_t port, Time now = {})
{
    Packet packet = make_packet(Protocol::udp, from, {kOutside, port});
    if (!nat.inbound(packet, now))
        return std::nullopt;
    EXPECT_TRUE(checksums_hold(packet));
    EXPECT_EQ(packet.source(), from);
    return packet.destination();
}

TEST(PacketText, OfAnythingElseIsNone)
{
    const auto whole = packet_bytes(Protocol::udp, kInside, kServer, "hello");
    EXPECT_TRUE(Packet::parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(Packet::parse(std::span(whole).first(size))) << size;
    const auto refuses = [&](std::size_t at, std::uint8_t value) {
        auto other = whole;
        other[at] = value;
        return !Packet::parse(other);
    };
    EXPECT_TRUE(refuses(0, 0x65)) << "another version";
    EXPECT_TRUE(refuses(0, 0x44)) << "a header that is too short";
    EXPECT_TRUE(refuses(0, 0x4F)) << "one that is too long";
    EXPECT_TRUE(refuses(6, 0x20)) << "a first fragment";
    EXPECT_TRUE(refuses(7, 0x01)) << "another fragment";
    EXPECT_TRUE(refuses(9, 1)) << "ICMP";
    EXPECT_FALSE(refuses(6, 0x40)) << "must not be fragmented: that is no fragment";
}

TEST(PacketText, KeepsItsChecksumsWhateverIsRewritten)
{
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        Packet packet = make_packet(protocol, kInside, kServer, "odd");
        packet.set_source({kOutside, 65535});
        packet.set_destination(kStranger);
        EXPECT_TRUE(packet.hop());
        EXPECT_TRUE(checksums_hold(packet));
        EXPECT_EQ(packet.source().text(), "198.51.100.7:65535");
        EXPECT_EQ(packet.destination(), kStranger);
    }
    auto without = packet_bytes(Protocol::udp, kInside, kServer, "odd");
    without[26] = without[27] = 0; // no checksum at all
    auto packet = *Packet::parse(without);
    packet.set_source({kOutside, 1});
    EXPECT_EQ(packet.bytes()[26] | packet.bytes()[27], 0);
}

TEST(PacketText, DoesNotTravelForEver)
{
    Packet packet = make_packet(Protocol::udp, kInside, kServer);
    int hops = 0;
    while (packet.hop())
        ++hops;
    EXPECT_EQ(hops, 63);
}

TEST(Nat, KeepsThePortThatIsFree)
{
    Nat nat(full_cone(), kOutside, 1);
    EXPECT_EQ(seen_from(nat, kServer), (Place{kOutside, 5000}));
    const Place neighbour{Address::parse("192.168.1.3"), 5000};
    EXPECT_EQ(seen_from(nat, kServer, {}, neighbour), (Place{kOutside, 5001}));
    EXPECT_EQ(seen_from(nat, kServer), (Place{kOutside, 5000})) << "and gives it to nobody else";
}

TEST(Nat, HasOneMappingForAllOrOneForEach)
{
    Nat one(port_restricted(), kOutside, 1);
    EXPECT_EQ(seen_from(one, kServer), seen_from(one, kStranger));
    NatBehaviour by_address = symmetric();
    by_address.mapping = Dependence::address_dependent;
    Nat some(by_address, kOutside, 1);
    EXPECT_EQ(seen_from(some, kServer), seen_from(some, kServersOtherPort));
    EXPECT_NE(seen_from(some, kServer), seen_from(some, kStranger));
    Nat each(symmetric(), kOutside, 1);
    EXPECT_NE(seen_from(each, kServer), seen_from(each, kServersOtherPort));
    EXPECT_EQ(seen_from(each, kServer), seen_from(each, kServer));
}

TEST(Nat, TakesItsRandomPortsFromTheSeed)
{
    Nat one(symmetric(), kOutside, 7);
    Nat same(symmetric(), kOutside, 7);
    Nat other(symmetric(), kOutside, 8);
    const auto port = seen_from(one, kServer);
    EXPECT_EQ(port, seen_from(same, kServer));
    EXPECT_NE(port, seen_from(other, kServer));
}

TEST(Nat, LetsInWhomItsFilteringAllows)
{
    const auto who = [](const NatBehaviour& behaviour) {
        Nat nat(behaviour, kOutside, 1);
        const auto port = seen_from(nat, kServer)->port;
        std::string heard;
        for (const auto& [name, place] :
             {std::pair("server", kServer), {"port", kServersOtherPort}, {"stranger", kStranger}})
            heard += let_in(nat, place, port) == kInside ? std::string(name) + " " : "";
        EXPECT_EQ(let_in(nat, kServer, static_cast<std::uint16_t>(port + 1)), std::nullopt);
        return heard;
    };
    EXPECT_EQ(who(full_cone()), "server port stranger ");
    EXPECT_EQ(who(address_restricted()), "server port ");
    EXPECT_EQ(who(port_restricted()), "server ");
    EXPECT_EQ(who(symmetric()), "server ");
}

TEST(Nat, ForgetsWhatTheInsideDoesNotUse)
{
    Nat nat(full_cone(), kOutside, 1);
    seen_from(nat, kServer, 0s);
    EXPECT_EQ(let_in(nat, kStranger, 5000, 119s), kInside);
    EXPECT_EQ(let_in(nat, kStranger, 5000, 121s), std::nullopt) << "the outside does not refresh it";
    EXPECT_EQ(nat.mappings(121s), 0U);
    seen_from(nat, kServer, 121s);
    seen_from(nat, kServer, 200s);
    EXPECT_EQ(let_in(nat, kStranger, 5000, 300s), kInside) << "the inside does";
    nat.reboot();
    EXPECT_EQ(let_in(nat, kStranger, 5000, 300s), std::nullopt);
}

TEST(Nat, GivesAPortThatWasForgottenToOthers)
{
    Nat nat(full_cone(), kOutside, 1);
    seen_from(nat, kServer, 0s);
    const Place neighbour{Address::parse("192.168.1.3"), 5000};
    EXPECT_EQ(seen_from(nat, kServer, 200s, neighbour), (Place{kOutside, 5000}));
    EXPECT_EQ(let_in(nat, kServer, 5000, 200s), neighbour);
    EXPECT_EQ(seen_from(nat, kServer, 200s), (Place{kOutside, 5001}));
    EXPECT_EQ(let_in(nat, kServer, 5001, 200s), kInside);
}

TEST(Nat, KeepsTcpApartFromUdpAndForLonger)
{
    Nat nat(port_restricted(), kOutside, 1);
    Packet packet = make_packet(Protocol::tcp, kInside, kServer, "", 0x02);
    ASSERT_TRUE(nat.outbound(packet, 0s));
    EXPECT_TRUE(checksums_hold(packet));
    EXPECT_EQ(let_in(nat, kServer, 5000), std::nullopt) << "that is UDP";
    Packet answer = make_packet(Protocol::tcp, kServer, {kOutside, 5000}, "", 0x12);
    EXPECT_TRUE(nat.inbound(answer, 2h));
    EXPECT_EQ(answer.destination(), kInside);
}

TEST(Nat, LetsNoUdpThroughWhereItIsBlocked)
{
    Nat nat(udp_blocked(), kOutside, 1);
    EXPECT_EQ(seen_from(nat, kServer), std::nullopt);
    Packet packet = make_packet(Protocol::tcp, kInside, kServer, "anything");
    EXPECT_TRUE(nat.outbound(packet, 0s));
}

TEST(Nat, LetsNothingThroughButTheWebWhereThatIsAll)
{
    Nat nat(web_only(), kOutside, 1);
    const auto passes = [&](std::uint16_t port, std::string_view payload, std::uint8_t flags = 0x10) {
        Packet packet = make_packet(Protocol::tcp, kInside, {kServer.address, port}, payload, flags);
        return nat.outbound(packet, 0s);
    };
    EXPECT_EQ(seen_from(nat, kServer), std::nullopt);
    EXPECT_FALSE(passes(3478, "", 0x02));
    EXPECT_TRUE(passes(443, "", 0x02));
    EXPECT_FALSE(passes(443, std::string("\x00\x03 STUN", 7))) << "no TLS";
    EXPECT_TRUE(passes(443, "\x16\x03\x01 hello"));
    EXPECT_TRUE(passes(443, "and whatever comes later"));
    EXPECT_TRUE(passes(443, "", 0x02)) << "another connection from the same port";
    EXPECT_FALSE(passes(443, "that begins with something else"));
    EXPECT_TRUE(passes(80, "", 0x02));
    EXPECT_TRUE(passes(80, "GET / HTTP/1.1"));
}

} // namespace
} // namespace laboratory
