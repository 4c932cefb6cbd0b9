// One TCP connection between two neighbours: frames in, frames out, both bounded.
//
//   frame    length (4 bytes, of what follows) type (1) key length (2) key value      all numbers big-endian
//
// Threads:  the rendezvous' thread.
// Lifetime: kept alive by its own pending operations; `close` ends them.
#pragma once

#include <jackfield/basic.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace discovery_static {

enum class FrameType : std::uint8_t {
    get = 1,   // what lies under the key?
    value = 2, // this does
    end = 3,   // that was all
    put = 4,   // for whoever listens to the key
};

struct Frame {
    FrameType type = FrameType::get;
    std::string key;
    jackfield::Bytes value;
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    struct Events {
        std::function<void(Connection&, Frame)> frame;
        std::function<void(Connection&)> closed; // once, not inside a call of ours
    };

    Connection(asio::ip::tcp::socket socket, std::string peer_address, Events events);

    void start();
    void send(const Frame& frame);
    void close();

    const std::string& peer_address() const { return peer_address_; }

private:
    void read_length();
    void read_body(std::size_t size);
    void write_next();

    asio::ip::tcp::socket socket_;
    std::string peer_address_; // without the port
    Events events_;
    asio::steady_timer half_done_;
    std::array<std::uint8_t, 4> length_{};
    jackfield::Bytes body_;
    std::deque<jackfield::Bytes> out_;
    std::size_t out_bytes_ = 0;
    bool closed_ = false;
};

} // namespace discovery_static
