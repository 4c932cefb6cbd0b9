// The datagrams of one component: straight into the socket of the way that was taken.
//
// Threads: open and close on the control thread; send on any; take, deliver and lost on the I/O thread.
// Lifetime: shared by the component of the last search and, after a restart, by the one before it.
#pragma once

#include "sockets.hpp"

#include <jackfield/path.hpp>

#include <mutex>

namespace jackfield::direct {

inline constexpr std::uint32_t kMaxDatagramBytes = 1400;

class DatagramPath final : public PathBase {
public:
    /// Asks for one call of writable once the socket takes data again; on any thread.
    using Watch = std::function<void()>;

    jf_path_info describe() const noexcept override;
    void open(jf_path_receiver receiver) override { gate_.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override;
    void close() noexcept override;

    /// Datagrams go this way from now on. What an earlier search finds after a later one is of no account.
    void take(unsigned generation, int socket, const udp::endpoint& remote, Watch watch);

    /// Datagrams are lost until it is known where the peer is.
    void take_nowhere();

    /// The way that this search found leads nowhere any more; a later one may find another.
    void lost(unsigned generation);

    /// JF_EXHAUSTED: it is not open and too much waits; the datagram is lost.
    Status deliver(const jf_packet& packet) { return gate_.deliver(packet); }
    void writable();

private:
    std::mutex mutex_;                   // guards the next seven
    unsigned generation_ = 0;            // of the search whose way it is
    std::shared_ptr<const Watch> watch_; // second owner: a send that has just been refused
    int socket_ = -1;
    udp::endpoint remote_;
    bool nowhere_ = false;
    bool over_ = false;
    bool blocked_ = false; // a send was refused: writable is owed
    std::atomic<bool> ipv6_ = false;
    ReceiverGate gate_;
};

} // namespace jackfield::direct
