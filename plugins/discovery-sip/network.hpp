// The account's wire as control sees it: one at a time, its events brought to control, what waits bounded both ways.
//
// Threads:  constructed, connected and destroyed on control; `send` on any thread. A thread of its own for the sockets.
// Lifetime: the account's. The destructor joins the thread; a name that is being looked up is waited for.
#pragma once

#include "wire.hpp"

#include <jackfield/host.hpp>

#include <asio/executor_work_guard.hpp>

#include <atomic>
#include <thread>

namespace discovery_sip {

class Network {
public:
    static constexpr std::size_t kMostOut_bytes = 256 * 1024; ///< that the server has not taken, or wait for the wire
    static constexpr std::size_t kMostIn = 256;               ///< messages that control has not looked at yet
    static constexpr std::size_t kMostIn_bytes = 1024 * 1024;

    /// All on control. After `down` no further event until the next connect.
    struct Events {
        std::function<void(HostPort local)> up;
        std::function<void(const std::string& why)> down;
        std::function<void(std::string text, HostPort source)> message;
        std::function<void()> writable; ///< after a send that answered JF_WOULD_BLOCK
    };

    Network(jackfield::Host host, Events events);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    ~Network();

    /// Leaves the wire that is there. [control]
    void connect(WireOptions options);
    void disconnect();

    /// JF_WOULD_BLOCK: too much waits. JF_UNREACHABLE: there is no wire, and none is being made. [any]
    jackfield::Status send(std::string text, std::optional<HostPort> to);

private:
    enum class State { down, connecting, up };

    void make(const WireOptions& options, std::uint64_t generation);
    WireEvents wire_events(std::uint64_t generation);
    bool bring(std::uint64_t generation, std::string text, HostPort source);
    void brought(std::size_t bytes);
    void left(std::size_t bytes);
    bool in_is_full() const { return in_count_ >= kMostIn || in_bytes_ >= kMostIn_bytes; }

    const jackfield::Host host_;
    const Events events_;
    std::atomic<std::uint64_t> generation_{0}; // of the wire whose events count; written on control
    std::atomic<State> state_{State::down};
    std::atomic<std::size_t> out_bytes_{0};
    std::atomic<bool> blocked_{false};
    std::atomic<std::size_t> in_count_{0};
    std::atomic<std::size_t> in_bytes_{0};
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::shared_ptr<Wire> wire_; // the network's thread; second owner: its pending operations
    std::thread thread_;
};

} // namespace discovery_sip
