// What one router can do for us: which of its protocols answers, and each request by the best that does.
//
// Threads:  the mapper's thread.
// Lifetime: shared with what it has under way; `close` ends that.
#pragma once

#include "client.hpp"
#include "port_mapper.hpp"

#include <asio/steady_timer.hpp>

namespace shared_port_mapping {

/// Nothing if the system knows no way out.
std::optional<RouterPlace> find_place(const Settings& settings);

/// Of the firewall in front of that address of ours, of IPv6; nothing if it is none.
std::optional<RouterPlace> find_firewall(const Settings& settings, const IpAddress& local);

class Router : public std::enable_shared_from_this<Router> {
public:
    using Clock = std::chrono::steady_clock;
    using Mapped = Client::Mapped;

    Router(asio::io_context& context, const Settings& settings, RouterPlace place, PortMapper::Log log);
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    void look();
    const RouterPlace& place() const { return place_; }

    /// Nobody has answered, and there is nobody left who might.
    bool useless() const;
    /// Somebody has answered, and may have been asked for mappings.
    bool speaks() const { return announced_use_; }
    Clock::time_point looked_at() const { return looked_at_; }

    /// By the protocol that is preferred among those that answer; a refusal is the next one's turn.
    void map(Request request, Mapped mapped);
    void map_by(Protocol protocol, const Request& request, Mapped mapped);
    void unmap(Protocol protocol, const Request& request, Client::Done done);
    void announced(ByteView datagram);
    void close();

    std::function<void()> on_restart;

private:
    enum class State { looking, speaks, useless };
    struct Speaker {
        std::shared_ptr<Client> client;
        State state = State::looking;
        std::string problem;
    };
    struct Order {
        Request request;
        Mapped mapped;
        std::size_t next = 0; // speakers before it have refused
        std::string problems;
    };

    void looked(std::size_t number, const std::string& problem);
    void serve();
    bool serve(const std::shared_ptr<Order>& order);
    void ask(const std::shared_ptr<Order>& order, std::size_t number);

    asio::io_context& context_;
    Settings settings_;
    RouterPlace place_;
    PortMapper::Log log_;
    Clock::time_point looked_at_;
    asio::steady_timer patience_;
    bool patient_ = true;
    bool closed_ = false;
    bool announced_use_ = false;
    std::vector<Speaker> speakers_; // in the order of preference
    std::vector<std::shared_ptr<Order>> orders_;
};

} // namespace shared_port_mapping
