// The path of one component: what it has in common for datagrams and streams.
//
// Threads: open, close, attach and detach on the control thread; send on any; deliver on the loop's, and, for datagrams
// whose way is direct, on the reader's; what else follows it on the loop's. Lifetime: shared by the session, which
// yields the path, and by the agent that delivers into it; it is destroyed on the loop's thread, so nothing of it runs
// there at that moment.
#pragma once

#include "glib_loop.hpp"

#include <jackfield/host.hpp>
#include <jackfield/path.hpp>
#include <shared/ice/peer_address.hpp>

namespace jackfield::ice {

class Agent;

/// What the selected pair means for the packets of a path.
struct PairTraits {
    bool ipv6 = false;
    bool relayed = false;   // either side
    bool loop_only = false; // our side goes through a relay over TCP: send from the loop's thread only
    Endpoint remote;
};

class ComponentPath : public PathBase {
public:
    ComponentPath(Host host, GlibLoop& loop, unsigned component);

    unsigned component() const { return component_; }

    // The path as its user sees it.
    void open(jf_path_receiver receiver) override;
    void close() noexcept override;

    /// Called after close by the user; set once, before the path is handed out. [control]
    void on_closed(std::function<void()> function) { closed_by_user_ = std::move(function); }

    /// Packets go through this agent from now on. [control]
    virtual void attach(Agent& agent, const PairTraits& traits) = 0;

    /// If that agent is the one: nothing is sent through it after this returns. [any]
    virtual void detach(const Agent& agent) noexcept = 0;

    /// The receiver is not called after this returns, and send answers JF_CLOSED. [control]
    virtual void shut() noexcept;

    /// Calls done once nothing that send took is waiting on this side any more. [loop]
    virtual void drain(GlibLoop::Task done) { done(); }

    /// Forgets the done of drain. [loop]
    virtual void stop_draining() {}

    /// What was received. [loop, reader]
    void deliver(ByteView bytes);

    /// The socket took what was waiting. [any]
    virtual void socket_writable() {}

    /// libnice says that the component has failed. [any]
    virtual void connection_lost() {}

    /// The path ended by itself. [loop]
    void ended(Status status, std::string_view text);

protected:
    virtual void too_early() = 0; // more arrived before open than the gate holds. [loop, reader]

    Host host_;
    GlibLoop& loop_;
    unsigned component_;
    ReceiverGate gate_;
    std::atomic<bool> over_ = false; // closed by the user or ended
    std::atomic<bool> ipv6_ = false;
    std::atomic<bool> relayed_ = false;

private:
    std::function<void()> closed_by_user_;
};

} // namespace jackfield::ice
