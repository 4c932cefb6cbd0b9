// The responder over datagrams. It has no timer and says nothing unasked: what is lost, the initiator asks for again.
//
// Until an initiator has shown that it receives what we send, we send it three times as much as came from it at most.
// A hello proves nothing, so several may be under way; the first whose proof is authentic counts.
//
// Threads: the session calls it under its lock. Lifetime: owned by the session.
#pragma once

#include "datagram_engine.hpp"

#include <jackfield/host.hpp>

#include <deque>

namespace secure_noise {

class DatagramServer final : public DatagramEngine {
public:
    static constexpr std::size_t kMostAttempts = 4; ///< at once; one more takes the place of the oldest
    static constexpr int kMostHellos = 32;          ///< different ones; later ones are not looked at
    static constexpr std::size_t kAmplification = 3;

    DatagramServer(jackfield::Host host, const Context& context, Role role, jackfield::EngineOutput& output);

    jackfield::HandshakeProgress handshake() noexcept override;

private:
    struct Attempt {
        Handshake handshake;
        Id initiator;
        Id responder;
        jackfield::Bytes hello;    // the first message
        jackfield::Bytes answer;   // the second
        std::size_t piece_bytes;   // no datagram is larger than the hello was
        std::size_t allowance = 0; // bytes we may still send before `reached`
        bool reached = false;      // it has our id, so it receives what we send
        Assembly proof{};
    };

    jackfield::HandshakeProgress take_hello(const Piece& piece, std::size_t datagram_bytes);
    Attempt* begin_attempt(const Piece& piece, std::size_t datagram_bytes);
    void send_answer(Attempt& attempt, std::size_t from);
    Attempt* attempt_of(const Piece& piece);
    jackfield::HandshakeProgress take_proof(Attempt& attempt, const Piece& piece);
    jackfield::HandshakeProgress finish(Attempt& attempt, jackfield::ByteView payload);
    void take_late(const Piece& piece) override;

    jackfield::Host host_;
    std::deque<Attempt> attempts_;
    int hellos_ = 0;
    Id secured_with_{}; // the responder's id of the attempt that counts
};

} // namespace secure_noise
