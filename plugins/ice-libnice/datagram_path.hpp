// The datagrams of one component over ICE-UDP, or through a relay.
//
// A send goes straight into the socket, parts and all, under a lock that is held for that system call: past libnice, if
// the selected pair is two addresses (direct_way.hpp), or through it, if there is a relay on our side. A relay reached
// over TCP is different: like a stream, it is written by the loop's thread alone (see stream_path.hpp), so its
// datagrams wait in a small ring.
//
// Threads and lifetime: see component_path.hpp.
#pragma once

#include "component_path.hpp"
#include "direct_way.hpp"
#include "plain_way.hpp"

#include <shared/ice/byte_ring.hpp>

namespace jackfield::ice {

/// 1400 fits an Ethernet frame of 1500 in the worst case we can be in: 48 bytes of IPv6 and UDP and 48 of a TURN Send
/// indication with an IPv6 peer make 1496. Callers that must cross tunnels stay at 1200, as QUIC and WebRTC do.
inline constexpr std::uint32_t kMaxDatagramBytes = 1400;

class DatagramPath final : public ComponentPath {
public:
    DatagramPath(Host host, GlibLoop& loop, unsigned component);

    jf_path_info describe() const noexcept override;
    Status send(std::span<const jf_bytes> parts) noexcept override;

    void attach(Agent& agent, const PairTraits& traits) override;
    void detach(const Agent& agent) noexcept override;
    void socket_writable() override { wakeup_.signal(); }
    void connection_lost() override { lost_ = true; }

    /// The peer does no ICE: packets go this way, and by no agent any more. Once. [control]
    void go_plain(std::unique_ptr<PlainWay> way);
    PlainWay& plain() { return *plain_; }        ///< [loop]
    void note_plain(bool ipv6) { ipv6_ = ipv6; } ///< where it leads. [loop]

private:
    void too_early() override;
    Status send_now(std::span<const jf_bytes> parts);
    Status enqueue(std::span<const jf_bytes> parts);
    void woken();
    void flush();
    void watch_socket();
    void tell_writable();

    std::atomic<bool> lost_ = false; // consent is; libnice knows what it still lets through
    std::mutex mutex_;               // guards the next seven
    Agent* agent_ = nullptr;
    const DirectWay* direct_ = nullptr; // the agent's
    std::unique_ptr<PlainWay> plain_;   // set once
    bool loop_only_ = false;
    bool blocked_ = false; // a send was refused: writable is owed
    bool pending_ = false; // a datagram was taken from the ring and not yet by libnice
    ByteRing ring_;        // two bytes of length, then the datagram, and so on

    // Only on the loop's thread.
    Bytes datagram_;
    std::atomic<bool> told_early_ = false; // and on the reader's
    SourcePtr watch_;
    Wakeup wakeup_;
};

} // namespace jackfield::ice
