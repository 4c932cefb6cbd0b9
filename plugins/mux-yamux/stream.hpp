// One channel of a session, as both its ends of our code see it: the session, and whoever holds the channel.
//
// Threads: all members but the gate are guarded by the session's lock.
#pragma once

#include "frame.hpp"

#include <jackfield/multiplexer.hpp>

#include <shared/mux/window.hpp>

#include <optional>
#include <string>

namespace mux_yamux {

struct Options {
    std::uint32_t window_bytes = 256 * 1024;               // a channel's window, to begin with
    std::uint32_t max_window_bytes = 8 * 1024 * 1024;      // and at most
    std::uint32_t session_growth_bytes = 16 * 1024 * 1024; // what all windows together may grow by
    std::size_t max_channels = 64;                         // both ends' together
};

constexpr std::uint32_t kFirstWindow = 256 * 1024; // of every stream, before any update; the protocol's constant

struct Stream {
    /// window_bytes: also what may wait for the channel to be opened; a window grows only while somebody reads.
    Stream(std::uint32_t number, std::uint32_t window_bytes) : id(number), tuned(window_bytes), gate(window_bytes) {}

    /// A peer's stream begins with its name; ours is `asked` until the peer has answered, and used from the start.
    enum class State { naming, requested, asked, open };

    const std::uint32_t id;
    State state = State::naming;
    std::string name;
    std::optional<std::size_t> name_bytes;

    std::uint32_t credit = kFirstWindow; // what the peer lets us send
    std::uint32_t window = kFirstWindow; // what we let the peer send
    shared_mux::Window tuned;            // what `window` is filled up to
    std::uint32_t unread = 0;            // received, and not given back as credit yet
    bool reading = false;                // the channel's path is open
    bool finished = false;               // we said that nothing more comes
    bool peer_finished = false;

    std::size_t wanted = 0;       // a send of that size was refused; writable is due
    std::size_t sent_in_turn = 0; // see Session::serve

    jackfield::ReceiverGate gate;
};

} // namespace mux_yamux
