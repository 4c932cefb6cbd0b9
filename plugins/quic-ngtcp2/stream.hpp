// One channel, as both its ends of our code see it: the connection, and whoever holds the channel.
//
// Threads: all members but the gate are guarded by the connection's lock, except where it says so.
#pragma once

#include "send_queue.hpp"
#include "wire.hpp"

#include <jackfield/multiplexer.hpp>

#include <memory>

namespace quic_ngtcp2 {

constexpr std::size_t kHeadRoom = 512; // of the head, or the answer, beside the window

struct Stream {
    /// A peer's stream begins with its head; ours is `asked` until the peer has answered. One of bytes is used from the
    /// start.
    enum class State { naming, requested, asked, open };

    Stream(std::int64_t number, State its_state, std::uint32_t its_kind, std::uint64_t its_flow, std::size_t window)
        : id(number), state(its_state), kind(its_kind), flow(its_flow), out(window + kHeadRoom), gate(window)
    {}

    const std::int64_t id; // of QUIC; -1 for the secured path
    State state;
    std::uint32_t kind;
    std::uint64_t flow;
    std::string name;
    HeadReader head;                               // [the thread of the path below]
    std::unique_ptr<jackfield::ChannelDone> asked; // of a channel of datagrams
    bool announced = false;                        // [control] the kernel knows of the request

    SendQueue out;
    bool blocked = false;   // the peer gives no credit
    bool finished = false;  // nothing more is given to us to send
    bool fin_sent = false;  // and the peer is told
    bool dead = false;      // QUIC takes no more for it
    bool wanted = false;    // a send was refused: writable is owed
    bool reading = false;   // the channel's path is open
    std::size_t unread = 0; // received, and not given back as credit yet

    jackfield::ReceiverGate gate;

    bool has_to_send() const { return !dead && !blocked && !fin_sent && (out.unsent() || finished); }
};

} // namespace quic_ngtcp2
