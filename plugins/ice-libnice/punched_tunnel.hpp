// A connection to the peer that was punched through NATs, and a stand-in for the peer on this machine, which is what
// libnice speaks to: TCP for streams, UDP for datagrams. What the peers say to each other over the connection is
// ICE over TCP as RFC 6544 has it, frames of RFC 4571, and all of it is libnice's: checks, consent, data.
//
// Threads:  the punch thread's.
// Lifetime: shared by its Puncher and by what it has under way; it ends when either side does, or by close.
#pragma once

#include <shared/ice/peer_address.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>

#include <functional>
#include <memory>

namespace jackfield::ice {

class PunchedTunnel {
public:
    /// Where libnice finds the peer's stand-in. Not called if there is none.
    using Opened = std::function<void(const Endpoint& stand_in)>;

    PunchedTunnel() = default;
    PunchedTunnel(const PunchedTunnel&) = delete;
    PunchedTunnel& operator=(const PunchedTunnel&) = delete;
    virtual ~PunchedTunnel() = default;

    virtual void start(Opened opened) = 0;

    /// The stand-in is at another port from now on, and as good as a peer that was just found. Streams have one that
    /// stays.
    virtual void appear_anew(const Opened&) {}

    /// libnice has gone: what it has said still goes out.
    virtual void finish() = 0;
};

/// `host` is libnice's socket. We listen for its active candidate, or connect to its passive one.
enum class StreamSide { listens, connects };
std::shared_ptr<PunchedTunnel> make_stream_tunnel(asio::ip::tcp::socket peer, const Endpoint& host, StreamSide side);
std::shared_ptr<PunchedTunnel> make_datagram_tunnel(asio::ip::tcp::socket peer, const Endpoint& host);

asio::ip::tcp::endpoint to_tcp(const Endpoint& endpoint);
asio::ip::udp::endpoint to_udp(const Endpoint& endpoint);

template <class AsioEndpoint>
Endpoint from_asio(const AsioEndpoint& endpoint)
{
    return {IpAddress::from_bytes(endpoint.address().to_v4().to_bytes()), endpoint.port()};
}

} // namespace jackfield::ice
