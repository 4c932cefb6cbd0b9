// One server of ours: connected, or on its way to be again.
//
// The first attempt after a connection is lost comes at once, later ones after 250 ms, 500 ms, and so on up to 10 s,
// give or take a fifth, so that the clients of a server that comes back do not all come at the same moment.
//
// Threads:  the thread of the io_context.
// Lifetime: the board's; the destructor closes.
#pragma once

#include "connection.hpp"

#include <shared/rendezvous/wire.hpp>

#include <boost/asio/steady_timer.hpp>

#include <random>

namespace discovery_rendezvous {

class Link {
public:
    static constexpr std::chrono::milliseconds kFirstRetry{250};
    static constexpr std::chrono::milliseconds kLastRetry{10'000};
    static constexpr std::chrono::seconds kAnswerLimit{3}; ///< without any word for our requests: connect anew
    static constexpr std::chrono::seconds kProven{5};      ///< after so long up, the next loss is a first one

    struct Events {
        std::function<void(Link&)> up;
        std::function<void(Link&)> down; ///< also when an attempt failed; why() says why
        std::function<void(Link&, const jackfield::rendezvous::Reply&)> reply;
        std::function<void(Link&, const jackfield::rendezvous::Value&)> value;
        std::function<void(Link&)> again; ///< the time that start_over asked for has passed
    };

    Link(boost::asio::io_context& context, Server server, Events events);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { close(); }

    void open() { connect(); }
    void close();

    /// Only while up.
    void send(const jackfield::rendezvous::Request& request);

    /// The server had no time for a request: `again` is called after a while, once.
    void start_over(std::chrono::milliseconds after);

    /// The interfaces changed: connect now, or see whether the connection still works.
    void look_again();

    bool is_up() const { return up_; }
    const std::string& why() const { return why_; } ///< it is not up
    std::string name() const { return server_.authority(); }

private:
    void connect();
    void connected();
    void lost(const std::string& why);
    void take(std::string_view message);
    void expect_word();

    boost::asio::io_context& context_;
    const Server server_;
    const Events events_;
    std::shared_ptr<Connection> connection_; // second owner: its pending operations; null between attempts
    boost::asio::steady_timer retry_;
    boost::asio::steady_timer word_;
    boost::asio::steady_timer again_;
    bool again_waits_ = false;
    std::minstd_rand jitter_{std::random_device{}()};
    std::chrono::steady_clock::time_point up_since_{};
    std::size_t unanswered_ = 0;
    int failures_ = 0;
    bool up_ = false;
    bool closed_ = false;
    std::string why_ = "not connected yet";
};

} // namespace discovery_rendezvous
