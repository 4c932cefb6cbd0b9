// The socket that watches the nodes behind it, over a socket of the test's own.
#include "watchful_socket.hpp"

#include "dht_wire.hpp"

#include <gtest/gtest.h>

#include <set>

namespace discovery_opendht {
namespace {

/// Hears one more farewell while it goes away, as one whose thread is in the middle of receiving.
class LateSocket final : public dht::net::DatagramSocket {
public:
    ~LateSocket() override
    {
        const auto bytes = make_farewell();
        dht::net::PacketList packets;
        packets.push_back({dht::Blob(bytes.begin(), bytes.end()), node_, dht::clock::now()});
        onReceived(std::move(packets));
    }

    int sendTo(const dht::SockAddr&, const std::uint8_t* data, std::size_t size, bool) override
    {
        if (sent != nullptr)
            sent->emplace_back(data, data + size);
        return 0;
    }
    bool hasIPv4() const override { return true; }
    bool hasIPv6() const override { return false; }
    const dht::SockAddr& getBoundRef(sa_family_t) const override { return node_; }
    void stop() override {}

    std::vector<jackfield::Bytes>* sent = nullptr;

    /// A packet comes in; as a rule one that is none of OpenDHT's. Where it lies in memory.
    const void* receive(const jackfield::Bytes& bytes = {1, 2, 3}, std::uint16_t port = 9)
    {
        auto packets = getNewPacket();
        packets.front().data.assign(bytes.begin(), bytes.end());
        packets.front().from = node_;
        packets.front().from.setPort(port);
        const void* place = &packets.front();
        onReceived(std::move(packets));
        return place;
    }

private:
    const dht::SockAddr node_ = [] {
        dht::SockAddr address;
        address.setFamily(AF_INET);
        address.setAddress("127.0.0.1");
        address.setPort(9);
        return address;
    }();
};

TEST(WatchfulSocket, AsksNobodyThroughASocketThatIsGoingAway)
{
    const WatchfulSocket socket(std::make_unique<LateSocket>(), NodeId{}, 0, false);
}

// Each packet was kept, until there were 65536: some 250 bytes a call.
TEST(WatchfulSocket, GivesPacketsBackToTheSocketBelow)
{
    auto below = std::make_unique<LateSocket>();
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    int came = 0;
    socket.setOnReceive([&](dht::net::PacketList&& packets) {
        came += static_cast<int>(packets.size());
        return std::move(packets); // done with at once
    });
    std::set<const void*> places;
    for (int i = 0; i < 100; ++i)
        places.insert(inner.receive());
    EXPECT_EQ(came, 100);
    EXPECT_LE(places.size(), 2U) << "the same packets go round";
}

/// An answer of that node with a token.
jackfield::Bytes answer(std::uint8_t fill)
{
    jackfield::Bytes out{0x83, 0xa1, 'r', 0x82, 0xa2, 'i', 'd', 0xc4, 20};
    out.insert(out.end(), 20, fill);
    const jackfield::Bytes rest{0xa5, 't', 'o', 'k', 'e', 'n', 0xc4, 2, 4, 2, 0xa1, 't', 5, 0xa1, 'y', 0xa1, 'r'};
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

TEST(WatchfulSocket, PutsAtOnceWhereItHasAToken)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    socket.setOnReceive([](dht::net::PacketList&& packets) { return std::move(packets); });
    inner.sent = &sent;
    const jackfield::Bytes value(2000, 1);
    socket.hurry(NodeId{}, value);
    EXPECT_TRUE(sent.empty()) << "nobody has given one";
    inner.receive(answer(1));
    socket.hurry(NodeId{}, value);
    ASSERT_EQ(sent.size(), 3U) << "the question, and two pieces";
    EXPECT_EQ(glance_at(sent[0])->token.size(), 2U);
    socket.hurry(NodeId{}, jackfield::Bytes(100, 1));
    socket.hurry(NodeId{}, jackfield::Bytes(20'000, 1));
    EXPECT_EQ(sent.size(), 3U) << "too small, too large";
    socket.network_changed();
    socket.hurry(NodeId{}, value);
    EXPECT_EQ(sent.size(), 3U) << "a token is for the address that we had";
    inner.sent = nullptr;
}

TEST(WatchfulSocket, AsksOnceForTheValuesOfAKeyInsteadOfTheirIds)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    below->sent = &sent;
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    NodeId key;
    key.fill(4);
    const auto ask = [&](std::uint8_t transaction) {
        jackfield::Bytes packet{0x84, 0xa1, 'a', 0x83, 0xa2, 'i', 'd', 0xc4, 20};
        packet.insert(packet.end(), 20, 1);
        const jackfield::Bytes before_key{0xa1, 'h', 0xc4, 20};
        packet.insert(packet.end(), before_key.begin(), before_key.end());
        packet.insert(packet.end(), key.begin(), key.end());
        const jackfield::Bytes rest{0xa1, 'q', 0x82, 0xa1, 's',  0x91, 1,           0xa1, 'w', 0x90, 0xa1, 'q',
                                    0xa3, 'g', 'e',  't',  0xa1, 't',  transaction, 0xa1, 'y', 0xa1, 'q'};
        packet.insert(packet.end(), rest.begin(), rest.end());
        dht::SockAddr to;
        to.setFamily(AF_INET);
        to.setAddress("127.0.0.1");
        to.setPort(9);
        socket.sendTo(to, packet.data(), packet.size(), false);
        return packet;
    };
    auto plain = ask(1);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0], plain) << "of other keys many values may lie there";
    socket.ask_for_values_of(key);
    plain = ask(2);
    EXPECT_EQ(sent.at(1).size(), plain.size() - 10);
    const auto glance = glance_at(sent.at(1));
    ASSERT_TRUE(glance);
    EXPECT_EQ(glance->sender->front(), 1);
    EXPECT_EQ(glance->question, Question::look_up);
    EXPECT_EQ(glance->transaction, 2U);
    EXPECT_FALSE(ask_for_values(sent.at(1)));
    ask(2);
    EXPECT_EQ(sent.at(2), plain) << "the answer was lost, perhaps because it was large";
    inner.sent = nullptr;
}

TEST(WatchfulSocket, LeavesALargeNetworkToOpenDht)
{
    std::vector<jackfield::Bytes> sent;
    auto below = std::make_unique<LateSocket>();
    LateSocket& inner = *below;
    WatchfulSocket socket(std::move(below), NodeId{}, 0, false);
    socket.setOnReceive([](dht::net::PacketList&& packets) { return std::move(packets); });
    const jackfield::Bytes value(700, 1);
    for (std::uint16_t port = 1; port <= WatchfulSocket::kSmallNetwork; ++port)
        inner.receive(answer(1), port);
    inner.sent = &sent;
    socket.hurry(NodeId{}, value);
    EXPECT_EQ(sent.size(), 2 * WatchfulSocket::kSmallNetwork);
    inner.receive(answer(1), 100);
    socket.hurry(NodeId{}, value);
    EXPECT_EQ(sent.size(), 2 * WatchfulSocket::kSmallNetwork) << "not all of them are near to the key";
    inner.sent = nullptr;
}

} // namespace
} // namespace discovery_opendht
