// One connection to a server: a WebSocket (RFC 6455), from looking up the name to its end.
//
// Boost.Beast is only in connection.cpp. It was taken because it is asynchronous from the look-up to the close, bounds
// what it reads, and pings by itself; a client of Poco waits in a thread per server, and one of our own would be a
// second parser of what strangers send.
//
// Threads:  the thread of the io_context.
// Lifetime: kept alive by its own pending operations; `close` ends them.
#pragma once

#include "options.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace discovery_rendezvous {

class Connection {
public:
    static constexpr std::chrono::seconds kConnectLimit{5}; ///< for the whole of look-up, TCP and handshake
    static constexpr std::chrono::seconds kSilence{30};     ///< after half of it a ping; after all of it the end
    static constexpr std::size_t kMostWaiting = 16'000'000; ///< bytes that the server has not taken yet

    /// None comes inside a call of ours; after `closed` nothing comes.
    struct Events {
        std::function<void()> open;
        std::function<void(std::string_view message)> message;
        std::function<void()> pong;
        std::function<void(const std::string& why)> closed; // once, unless close was called
    };

    static std::shared_ptr<Connection> make(boost::asio::io_context& context, const Server& server, Events events);

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;

    /// After open. One after the other, in order.
    virtual void send(std::string message) = 0;

    /// After open: the server has to answer with a pong.
    virtual void ping() = 0;

    /// Says goodbye if it can at once; no event comes any more.
    virtual void close() = 0;
};

} // namespace discovery_rendezvous
