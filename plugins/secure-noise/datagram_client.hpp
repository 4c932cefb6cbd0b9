// The initiator over datagrams. It alone has a timer: whatever is lost, it asks again until it hears what it waits for.
//
//   hello -> answer (asking for the rest of it, if it stops) -> proof -> confirmed, by any record of the responder
//
// Threads: the session calls it under its lock. Lifetime: owned by the session.
#pragma once

#include "datagram_engine.hpp"

#include <jackfield/host.hpp>

namespace secure_noise {

class DatagramClient final : public DatagramEngine {
public:
    DatagramClient(jackfield::Host host, const Context& context, Role role, jackfield::EngineOutput& output);

    jackfield::HandshakeProgress handshake() noexcept override;
    std::optional<jackfield::Nanoseconds> retransmit_in() override;
    jackfield::HandshakeProgress retransmit() noexcept override;

private:
    void say_hello();
    jackfield::HandshakeProgress take_answer(const Piece& piece);
    void ask_to_go_on();
    jackfield::HandshakeProgress prove();
    jackfield::HandshakeProgress await_confirmation(jackfield::ByteView datagram);
    void send_third();
    void take_late(const Piece&) override {}
    void wait_anew(std::uint32_t delay_ms);

    jackfield::Host host_;
    Handshake handshake_;
    Id id_{};
    Id responder_{};
    jackfield::Bytes hello_;
    Assembly answer_;
    jackfield::Bytes third_; // not empty once the peer was found good
    std::uint32_t delay_ms_ = 0;
    std::int64_t wait_ends_ns_ = 0;
};

} // namespace secure_noise
