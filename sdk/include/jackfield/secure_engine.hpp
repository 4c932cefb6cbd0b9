// What a TLS library has to do for one connection: bytes in, bytes out, no threads, no sockets, no waiting.
//
// EngineSession (engine_session.hpp) makes a jackfield.secure_channel/1 session out of it.
// Threads: calls of one engine never overlap; the session's lock is held, so an engine calls nobody but its output.
#pragma once

#include <jackfield/host.hpp>
#include <jackfield/secure_channel.hpp>

#include <optional>

namespace jackfield {

/// Where an engine puts what goes to the peer. On a datagram path one call is one datagram.
class EngineOutput {
public:
    /// Takes a copy. Never refuses; an output that grows without end fails the session instead.
    virtual void output(ByteView bytes) noexcept = 0;

protected:
    ~EngineOutput() = default;
};

enum class HandshakeProgress { more, done, failed };

struct EngineRead {
    enum class Kind {
        data,  ///< `size` plain bytes are in the buffer
        more,  ///< everything fed was used up
        ended, ///< the peer said close_notify
        failed ///< failure() says why
    };
    Kind kind;
    std::size_t size = 0;
};

class SecureEngine {
public:
    virtual ~SecureEngine() = default;

    /// The next bytes of the stream, or one datagram. Borrowed until the next feed; the session then calls handshake or
    /// read until they answer `more`, by which time the engine has used or copied all of them.
    virtual void feed(ByteView bytes) noexcept = 0;

    /// Goes on as far as what was fed allows; the first call of a client emits its first flight. `done` only when the
    /// peer's certificate was found good.
    virtual HandshakeProgress handshake() noexcept = 0;

    /// Datagrams: when `retransmit` wants to be called, if the answer does not come first.
    virtual std::optional<Nanoseconds> retransmit_in() { return std::nullopt; }
    virtual HandshakeProgress retransmit() noexcept { return handshake(); }

    /// Decrypts into the buffer, which holds at least one record (16 KiB).
    virtual EngineRead read(std::span<std::uint8_t> plain) noexcept = 0;

    /// Encrypts all of it. On a datagram path it becomes one datagram. JF_EXHAUSTED: the keys have done their work.
    /// Whatever fails ends the session.
    virtual Status write(ByteView plain) noexcept = 0;

    /// Emits close_notify.
    virtual void close_notify() noexcept = 0;

    /// Why handshake or read answered `failed`.
    virtual jf_error failure() const noexcept = 0;

    /// After the handshake.
    virtual SecureInfo info() const = 0;

    /// What one record adds to its content at most.
    virtual std::size_t record_overhead() const noexcept = 0;

    /// What one record holds at most (RFC 8446 section 5.1), unless the library takes less.
    virtual std::size_t largest_content() const noexcept { return 16'384; }

    /// RFC 5705; an empty context is no context. Throws Failure.
    virtual Bytes export_key_material(std::string_view label, ByteView context, std::size_t size) = 0;
};

} // namespace jackfield
