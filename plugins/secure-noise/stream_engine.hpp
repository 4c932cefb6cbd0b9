// Noise over a stream: three messages, then records, all behind their size. The client is secured after one round trip.
//
// Threads: the session calls it under its lock. Lifetime: owned by the session.
#pragma once

#include "engine.hpp"
#include "frames.hpp"

namespace secure_noise {

class StreamEngine final : public Engine {
public:
    StreamEngine(const Context& context, Role role, jackfield::EngineOutput& output);

    void feed(jackfield::ByteView bytes) noexcept override { frames_.feed(bytes); }
    jackfield::HandshakeProgress handshake() noexcept override;
    jackfield::EngineRead read(std::span<std::uint8_t> plain) noexcept override;
    jackfield::Status write(jackfield::ByteView plain) noexcept override;
    void close_notify() noexcept override;
    std::size_t record_overhead() const noexcept override { return StreamRecords::kOverhead; }

private:
    jackfield::HandshakeProgress take(jackfield::ByteView message);
    jackfield::HandshakeProgress answer(jackfield::ByteView first);
    jackfield::HandshakeProgress prove(jackfield::ByteView second);
    jackfield::HandshakeProgress finish(jackfield::ByteView third);
    jackfield::EngineRead read_record(jackfield::ByteView message, std::span<std::uint8_t> plain);
    jackfield::EngineRead hand_out(std::span<std::uint8_t> plain);
    void send(jackfield::ByteView message);

    Handshake handshake_;
    FrameReader frames_;
    bool begun_ = false; // the first message has gone, or come
    std::optional<StreamRecords> records_;
    jackfield::ByteView rest_; // of a record with more than the reader's buffer holds
};

} // namespace secure_noise
