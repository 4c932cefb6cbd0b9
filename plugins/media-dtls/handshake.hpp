// One DTLS association on a media path, from the first flight to the keys for SRTP (RFC 5764 section 4).
//
// Threads: control. Lifetime: a member of its path; the output outlives it.
#pragma once

#include "dtls_context.hpp"

#include <shared/openssl/wire.hpp>

#include <optional>

namespace jackfield::media_dtls {

/// The keys of both ends, as seen from ours.
struct MediaKeys {
    rtp::Key send;
    rtp::Key receive;
};

class Handshake {
public:
    enum class State { under_way, done, failed };

    /// Once for each context, before the first handshake.
    static void install(SSL_CTX* context);

    /// fingerprint: of the peer's certificate, from its description. Throws Failure.
    Handshake(const DtlsContext& context, bool client, std::string fingerprint, EngineOutput& output);

    /// What can be done now: the client's first flight, or what the datagram calls for.
    State go_on(ByteView datagram);

    /// When a flight is due again; nothing if none is.
    std::optional<Nanoseconds> retransmit_in() const;
    State retransmit();

    /// Says that it is over, if it has begun.
    void say_goodbye();

    State state() const { return state_; }
    MediaKeys take_keys() { return std::move(*keys_); } ///< once, when it is done
    const jf_error& failure() const { return failure_; }

private:
    void begin();
    State step(int result);
    State fail(const jf_error& failure);
    void finish();
    static int check_certificate(X509_STORE_CTX* store, void* self);
    static unsigned int next_timeout(SSL* ssl, unsigned int previous_us);

    const DtlsContext& context_;
    const bool client_;
    const std::string fingerprint_;
    shared_openssl::Wire wire_;
    shared_openssl::SslPtr ssl_;
    State state_ = State::under_way;
    std::optional<MediaKeys> keys_;
    std::optional<jf_error> refusal_; // ours, of the peer's certificate
    jf_error failure_{};
};

} // namespace jackfield::media_dtls
