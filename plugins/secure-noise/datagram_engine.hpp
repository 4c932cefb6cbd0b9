// Noise over datagrams, once the handshake is done: records with a counter of their own, which may be lost, doubled and
// out of order.
//
// Threads: the session calls it under its lock. Lifetime: owned by the session.
#pragma once

#include "datagrams.hpp"
#include "engine.hpp"

namespace secure_noise {

class DatagramEngine : public Engine {
public:
    using Engine::Engine;

    jackfield::EngineRead read(std::span<std::uint8_t> plain) noexcept final;
    jackfield::Status write(jackfield::ByteView plain) noexcept final;
    void close_notify() noexcept final;
    std::size_t record_overhead() const noexcept final { return DatagramRecords::kOverhead; }

protected:
    /// A datagram of the handshake after its end: the peer sent it again.
    virtual void take_late(const Piece& piece) = 0;

    void send_record(RecordKind kind, jackfield::ByteView content = {});

    std::optional<DatagramRecords> records_;
};

} // namespace secure_noise
