// The way of one component to a peer without ICE: the agent's sockets, without the agent. libnice sends and takes
// nothing that it has no checked pair for, and would end such a session for want of consent.
//
// Threads: made on the control thread; send on any; all else on the loop's.
// Lifetime: a member of its path, destroyed with it on the loop's thread.
#pragma once

#include "glib_loop.hpp"

#include <jackfield/path.hpp>
#include <shared/ice/candidate.hpp>
#include <shared/ice/peer_address.hpp>

#include <gio/gio.h>
#include <sys/socket.h>

namespace jackfield::ice {

struct SocketUnref {
    void operator()(GSocket* socket) const { g_object_unref(socket); }
};
using SocketPtr = std::unique_ptr<GSocket, SocketUnref>;

/// One of our sockets, and how the peer knows it.
struct PlainLeg {
    SocketPtr socket;
    Candidate local;
};

class PlainWay {
public:
    /// received: a packet of the peer. selected: packets go to there from here on.
    struct Events {
        std::function<void(ByteView packet)> received;
        std::function<void(const Candidate& local, const Candidate& remote)> selected;
    };

    PlainWay(unsigned component, std::vector<PlainLeg> legs, Events events);

    /// Begins to read. Before all that follows. [loop]
    void start(GMainContext* context);

    /// What the peer's description says. [loop]
    void announce(const Candidate& announced);

    /// One datagram; lost while it is not known where the peer is. [any]
    Status send(std::span<const jf_bytes> parts) noexcept;

    /// Of the leg in use. [loop]
    GSocket* socket() const { return legs_[leg_].socket.get(); }

private:
    struct Ear {
        PlainWay* way;
        std::size_t leg;
        SourcePtr source;
    };

    void read(std::size_t leg);
    void take(std::size_t leg);
    std::size_t leg_towards(const IpAddress& remote) const;

    const unsigned component_;
    const std::vector<PlainLeg> legs_;
    const Events events_;
    std::vector<std::unique_ptr<Ear>> ears_;
    PeerAddress peer_;
    std::size_t leg_ = 0;

    std::mutex mutex_; // guards the next three
    int native_ = -1;
    sockaddr_storage remote_{};
    socklen_t remote_bytes_ = 0; // 0: nowhere yet
};

} // namespace jackfield::ice
