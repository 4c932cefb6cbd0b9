// The stream of one component over the connection that was taken. What the socket does not take at once waits in a ring
// and is written by the I/O thread; what the user does not want yet is not read, so TCP itself holds the peer back.
//
// Threads: open and close on the control thread; send on any; the rest on the I/O thread.
// Lifetime: shared by its component and by what is under way; after close it lives on, for at most kFarewell, to send
//           what it has taken.
#pragma once

#include "sockets.hpp"

#include <jackfield/host.hpp>
#include <jackfield/path.hpp>
#include <shared/ice/byte_ring.hpp>

#include <asio/steady_timer.hpp>

#include <functional>
#include <mutex>

namespace jackfield::direct {

inline constexpr std::size_t kStreamQueueBytes = 4 * JF_STREAM_SEND_MAX;
inline constexpr auto kFarewell = std::chrono::seconds(2);

class StreamPath final : public PathBase, public std::enable_shared_from_this<StreamPath> {
public:
    using Lost = std::function<void(Status, const std::string&)>;

    /// lost: the connection has ended by itself; on the I/O thread.
    StreamPath(asio::io_context& context, Host host, Lost lost);

    jf_path_info describe() const noexcept override;
    void open(jf_path_receiver receiver) override;
    Status send(std::span<const jf_bytes> parts) noexcept override;
    void close() noexcept override;

    /// The connection. Before anybody has the path.
    void take(tcp::socket socket);

private:
    void wait_to_read();
    void read();
    void wait_to_write();
    void write();
    void ended(Status status, const std::string& text);
    void farewell();
    void hang_up();

    Host host_;
    asio::io_context& context_;
    Lost lost_;
    tcp::socket socket_;
    asio::steady_timer limit_; // of the farewell
    Bytes buffer_;
    std::atomic<bool> ipv6_ = false;
    bool leaving_ = false; // closed by the user, and still writing

    std::mutex mutex_; // guards the next five, and writing to the socket
    ice::ByteRing ring_;
    int native_ = -1;
    bool over_ = false;    // closed or ended
    bool blocked_ = false; // a send was refused: writable is owed
    bool writing_ = false; // the I/O thread will empty the ring
    ReceiverGate gate_;
};

} // namespace jackfield::direct
