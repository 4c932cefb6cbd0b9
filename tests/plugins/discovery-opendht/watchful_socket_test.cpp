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

    int sendTo(const dht::SockAddr&, const std::uint8_t*, std::size_t, bool) override { return 0; }
    bool hasIPv4() const override { return true; }
    bool hasIPv6() const override { return false; }
    const dht::SockAddr& getBoundRef(sa_family_t) const override { return node_; }
    void stop() override {}

    /// A packet comes in that is none of OpenDHT's. Where it lies in memory.
    const void* receive()
    {
        auto packets = getNewPacket();
        packets.front().data = {1, 2, 3};
        packets.front().from = node_;
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

} // namespace
} // namespace discovery_opendht
