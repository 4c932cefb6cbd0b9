// The datagrams of one component: straight into the socket of the way that was taken.
//
// Threads: open and close on the control thread; send on any; take, deliver and ended on the I/O thread.
// Lifetime: a member of its component.
#pragma once

#include "sockets.hpp"

#include <jackfield/path.hpp>

#include <mutex>

namespace jackfield::direct {

inline constexpr std::uint32_t kMaxDatagramBytes = 1400;

class DatagramPath final : public PathBase {
public:
    /// watch: asks for one call of writable once the socket takes data again; on any thread.
    explicit DatagramPath(std::function<void()> watch) : watch_(std::move(watch)) {}

    jf_path_info describe() const noexcept override;
    void open(jf_path_receiver receiver) override { gate_.open(receiver); }
    Status send(std::span<const jf_bytes> parts) noexcept override;
    void close() noexcept override;

    /// Datagrams go this way from now on.
    void take(int socket, const udp::endpoint& remote);

    /// Datagrams are lost until it is known where the peer is.
    void take_nowhere();

    /// JF_EXHAUSTED: it is not open and too much waits; the datagram is lost.
    Status deliver(const jf_packet& packet) { return gate_.deliver(packet); }
    void writable();
    void ended(Status status, std::string_view text);

private:
    std::mutex mutex_; // guards the next five
    int socket_ = -1;
    udp::endpoint remote_;
    bool nowhere_ = false;
    bool over_ = false;
    bool blocked_ = false; // a send was refused: writable is owed
    std::atomic<bool> ipv6_ = false;
    std::function<void()> watch_;
    ReceiverGate gate_;
};

} // namespace jackfield::direct
