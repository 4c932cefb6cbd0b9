// Questions to one place over UDP, each said again until it is answered or given up.
//
// Threads:  the mapper's thread.
// Lifetime: shared with what it has under way; `close` ends that.
#pragma once

#include "client.hpp"

#include <asio/ip/udp.hpp>
#include <asio/steady_timer.hpp>

#include <list>
#include <memory>

namespace shared_port_mapping {

class RouterSocket : public std::enable_shared_from_this<RouterSocket> {
public:
    /// The first wait of RFC 6886 section 3.1, doubled each time. RFC 6887 section 8.1.1 has three seconds: too long
    /// for a call that is being set up, and one router is asked here, which is near.
    static constexpr std::chrono::milliseconds kFirstWait{250};
    static constexpr int kTries = 4; ///< 3.75 seconds

    using Take = std::function<bool(ByteView)>; // true: that was the answer. Calls nothing of ours.
    using Fail = std::function<void(std::string)>;

    /// Of a place that has a router.
    RouterSocket(asio::io_context& context, RouterPlace place);
    RouterSocket(const RouterSocket&) = delete;
    RouterSocket& operator=(const RouterSocket&) = delete;

    void ask(Bytes request, Take take, Fail fail);
    void close();

private:
    struct Question {
        explicit Question(asio::io_context& context) : timer(context) {}

        Bytes request;
        Take take;
        Fail fail;
        asio::steady_timer timer;
        int sent = 0;
    };
    using Place = std::list<std::shared_ptr<Question>>::iterator;

    void open();
    void say(const std::shared_ptr<Question>& question);
    void receive();
    void take(ByteView datagram);
    void fail_all(const std::string& why);

    asio::io_context& context_;
    RouterPlace place_;
    asio::ip::udp::socket socket_;
    std::array<std::uint8_t, 1536> buffer_{};
    std::list<std::shared_ptr<Question>> questions_;
    bool closed_ = false;
};

/// The interface is that of link-local addresses.
asio::ip::udp::endpoint to_asio(const Endpoint& endpoint, unsigned interface = 0);

} // namespace shared_port_mapping
