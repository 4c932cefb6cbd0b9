// The socket that watches the nodes behind it, over a socket of the test's own.
#include "watchful_socket.hpp"

#include "dht_wire.hpp"

#include <gtest/gtest.h>

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

} // namespace
} // namespace discovery_opendht
