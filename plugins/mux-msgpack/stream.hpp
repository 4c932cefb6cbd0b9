// One channel of a session, as both its ends of our code see it: the session, and whoever holds the channel.
//
// Threads: all members but the gate are guarded by the session's lock.
#pragma once

#include "message.hpp"

#include <jackfield/multiplexer.hpp>

namespace mux_msgpack {

struct Options {
    std::size_t unread_bytes = 1024 * 1024; // what may wait for a channel to be read
    std::size_t max_channels = 64;          // both ends' together
};

struct Stream {
    Stream(std::uint16_t number, std::string its_name, std::size_t unread_bytes)
        : id(number), name(std::move(its_name)), gate(unread_bytes)
    {}

    /// The peer asks for it; we asked for it; both agreed.
    enum class State { requested, asked, open };

    const std::uint16_t id;
    const std::string name;
    State state = State::requested;
    std::uint64_t request = 0; // of the peer, as the kernel knows it
    std::unique_ptr<jackfield::ChannelDone> asked;

    bool finished = false; // we said that nothing more comes, or need not say it
    bool waits = false;    // a send was refused; writable is due
    std::size_t sent_in_turn = 0;

    jackfield::ReceiverGate gate;
};

} // namespace mux_msgpack
