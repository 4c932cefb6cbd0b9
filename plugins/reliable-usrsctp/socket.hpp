// One SCTP association over an AF_CONN address (RFC 8261), as a C++ object.
//
// Threads: any; usrsctp locks itself. No call here waits. Lifetime: closes, without a word to the peer, when it goes
// away.
#pragma once

#include "engine.hpp"

#include <shared/mux/window.hpp>

#include <string>

struct socket;

namespace reliable_usrsctp {

struct SocketOptions {
    std::uintptr_t address;
    std::uint32_t max_packet_bytes; ///< of the path below
    std::uint32_t heartbeat_ms;
    std::uint32_t longest_wait_ms; ///< between two retransmissions
    std::uint32_t most_retransmissions;
};

/// Smallest path: what a handshake of SCTP needs in one packet.
inline constexpr std::uint32_t kSmallestPacketBytes = 576;

class Socket {
public:
    /// Sends nothing yet. Throws Failure.
    Socket(const SocketOptions& options);
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    /// Both ends begin; usrsctp makes one association of it (RFC 9260 section 5.2.1).
    void connect();

    /// The association is up: from now on the peer may have no more under way than a reader has asked for.
    void hold_back();

    /// A packet that came from the path below.
    void input(jackfield::ByteView packet);

    /// How much one message may carry so that it fills at most one packet.
    std::size_t message_bytes() const { return message_bytes_; }

    /// JF_OK, JF_WOULD_BLOCK or JF_CLOSED.
    jackfield::Status send(jackfield::ByteView message);

    /// So much of what was received has been read. Whoever reads as fast as it comes gets a larger window, up to a
    /// limit.
    void note_read(std::size_t bytes, jackfield::Nanoseconds now);

    /// The send buffer holds twice what congestion control lets out in a round trip, within limits. True if it has
    /// grown.
    bool grow_send_buffer();

    /// Says that nothing follows, behind all that was sent. JF_WOULD_BLOCK: not yet.
    jackfield::Status end();

    /// Tells the peer why there will be no more, and forgets what it has not got.
    void abort(std::string_view reason);

    struct Event {
        enum class Kind { nothing, data, up, ended } kind = Kind::nothing;
        std::size_t size = 0;             ///< of data
        jackfield::Status status = JF_OK; ///< of ended
        std::string text;                 ///< of ended
    };

    /// The next event; data is written into the memory. One thread at a time.
    Event receive(std::span<std::uint8_t> into);

private:
    /// What usrsctp has measured of the way.
    struct Way {
        std::uint32_t round_trip_ms = 0; ///< 0: unknown, or less than one
        std::uint32_t congestion_window = 0;
    };
    Way look() const;

    void set(int level, int option, const void* value, std::size_t size, const char* what);
    void configure(const SocketOptions& options);
    jackfield::Status send(jackfield::ByteView message, std::uint32_t protocol);
    Event read_notification(jackfield::ByteView bytes);
    Event lost(jackfield::ByteView abort_chunk);

    std::uintptr_t address_;
    std::size_t message_bytes_;
    struct socket* socket_;
    int send_buffer_bytes_;
    shared_mux::Window window_; // received and not read yet
    std::uint32_t read_ = 0;    // since the window was last looked at
    std::uint32_t least_round_trip_ms_ = 0;
};

} // namespace reliable_usrsctp
