// The connection: GnuTLS's state machine with our bytes, our check of the peer, our timer.
//
// Threads: the session calls it under its lock; the callbacks run inside those calls.
#include "engine.hpp"

#include <jackfield/tls_alert.hpp>
#include <shared/gnutls/failures.hpp>

#include <cerrno>

namespace secure_gnutls {

using jackfield::EngineRead;
using jackfield::HandshakeProgress;
using shared_gnutls::protocol_failure;
using shared_gnutls::require;

namespace {

constexpr std::size_t kLargestHandshakeMessage = 32 * 1024; // three RSA-4096 certificates are about 5 KiB
constexpr unsigned int kNoLimitMs = 1U << 30U;              // the session has the deadline
constexpr unsigned int kLargestMtu = 16'384;                // what the library takes at most
constexpr unsigned int kSoonestRetransmitMs = 10;
constexpr int kMostRounds = 64;

} // namespace

// ---- before the handshake ----

Engine::Engine(const Context& context, const Role& role, CheckPeer check_peer, jackfield::EngineOutput& output)
    : context_(context), role_(role), check_peer_(std::move(check_peer)), output_(output)
{
    begin();
}

void Engine::begin()
{
    const unsigned int flags = (role_.client ? GNUTLS_CLIENT : GNUTLS_SERVER) |
                               (role_.datagrams ? unsigned{GNUTLS_DATAGRAM} : 0U) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
                               GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_FORCE_CLIENT_CERT |
                               GNUTLS_KEY_SHARE_TOP;
    gnutls_session_t session = nullptr;
    require(gnutls_init(&session, flags), "connection");
    session_.reset(session);
    gnutls_session_set_ptr(session, this);
    require(gnutls_priority_set(session, context_.priority(role_.datagrams)), "versions and ciphers");
    require(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, context_.credentials()), "credentials");
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_handshake_set_max_packet_length(session, kLargestHandshakeMessage);
    gnutls_handshake_set_timeout(session, kNoLimitMs);
    gnutls_transport_set_ptr(session, this);
    gnutls_transport_set_push_function(session, &Engine::push);
    gnutls_transport_set_pull_function(session, &Engine::pull);
    gnutls_transport_set_pull_timeout_function(session, &Engine::pull_timeout);
    if (role_.datagrams) {
        gnutls_dtls_set_mtu(session, role_.mtu_bytes);
        gnutls_dtls_set_timeouts(session, role_.retransmit_ms, kNoLimitMs);
        if (!role_.client)
            door_.emplace(role_.hello_verify);
    }
    answered_ = false;
}

// ---- the handshake ----

void Engine::feed(jackfield::ByteView bytes) noexcept
{
    input_ = bytes;
    if (role_.datagrams || established_)
        return;
    const auto tail = bytes.last(std::min(bytes.size(), last_fed_.size()));
    std::shift_left(last_fed_.begin(), last_fed_.end(), static_cast<std::ptrdiff_t>(tail.size()));
    std::copy(tail.begin(), tail.end(), last_fed_.end() - static_cast<std::ptrdiff_t>(tail.size()));
}

HandshakeProgress Engine::handshake() noexcept
{
    if (door_ && !knock())
        return HandshakeProgress::more;
    const int code = until_starved([this] { return gnutls_handshake(session_.get()); });
    if (code == GNUTLS_E_SUCCESS)
        return finish();
    return gnutls_error_is_fatal(code) == 0 ? HandshakeProgress::more : fail(code);
}

/// Whether the door is open now.
bool Engine::knock()
{
    const jackfield::ByteView datagram = std::exchange(input_, {});
    if (!door_->admits(datagram, session_.get(), output_))
        return false;
    door_.reset();
    input_ = datagram;
    return true;
}

/// The library stops at each record it throws away and at each warning. What was fed may hold more.
template <class Call>
int Engine::until_starved(Call call)
{
    int code = GNUTLS_E_AGAIN;
    for (int round = 0; round < kMostRounds; ++round) {
        starved_ = false;
        code = call();
        if (starved_ || code >= 0 || gnutls_error_is_fatal(code) != 0)
            break;
    }
    return code;
}

/// The second lock on the door: without the identity's yes nothing is reported, whatever the library concluded.
HandshakeProgress Engine::finish()
{
    if (!checked_) {
        failure_ = jackfield::make_error(JF_UNAUTHENTICATED, "the peer's chain was not checked");
        return HandshakeProgress::failed;
    }
    established_ = true;
    if (role_.datagrams)
        gnutls_dtls_set_mtu(session_.get(), kLargestMtu); // from here on the session knows how large a datagram may be
    return HandshakeProgress::done;
}

HandshakeProgress Engine::fail(int code)
{
    // Nobody is proven yet, so one forged or damaged hello must not end the attempt: it counts as lost.
    if (role_.datagrams && !role_.client && !answered_) {
        jf_error error = jackfield::no_error();
        if (jackfield::guarded(&error, [this] { begin(); }) == JF_OK)
            return HandshakeProgress::more;
    }
    explain(code, "the handshake failed");
    return HandshakeProgress::failed;
}

/// Fills failure_: our own refusal first, then the peer's alert, then what GnuTLS found wrong; and tells the peer,
/// which the library leaves to its user.
void Engine::explain(int code, std::string_view what)
{
    if (const auto alert = alert_of_peer(code)) {
        failure_ = jackfield::make_error(JF_REFUSED, "the peer refused: " + jackfield::tls_alert_text(*alert));
        return;
    }
    // A record of no known version is no disagreement about versions as long as nothing was understood before.
    const bool nonsense = code == GNUTLS_E_UNSUPPORTED_VERSION_PACKET &&
                          static_cast<int>(gnutls_handshake_get_last_in(session_.get())) < 0;
    failure_ = refusal_ ? *refusal_ : protocol_failure(code, what);
    if (nonsense)
        failure_.status = JF_BAD_INPUT;
    gnutls_alert_send_appropriate(session_.get(), code);
}

/// The alert that the peer sent, if that is what the library means.
std::optional<std::uint8_t> Engine::alert_of_peer(int code) const
{
    const auto last = static_cast<std::uint8_t>(gnutls_alert_get(session_.get()));
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
        return last;
    // To a server that waits for a certificate every alert means that there is none.
    if (code == GNUTLS_E_NO_CERTIFICATE_FOUND && last != jackfield::kTlsCloseNotify)
        return last;
    // A client of TLS 1.3 that refuses us may have no key to say so yet, and the library then tries to decrypt the
    // alert. Anybody on the way could have put it there, who could end the handshake in many other ways as well.
    const auto& record = last_fed_; // RFC 8446 section 5.1: alert, version, 2 bytes, fatal
    const bool in_clear = record[0] == 21 && record[1] == 3 && record[3] == 0 && record[4] == 2 && record[5] == 2;
    if (code == GNUTLS_E_DECRYPTION_FAILED && !established_ && in_clear)
        return record[6];
    return std::nullopt;
}

int Engine::verify(gnutls_session_t session)
{
    Engine& engine = of(gnutls_session_get_ptr(session));
    jf_error error = jackfield::no_error();
    if (jackfield::guarded(&error, [&] { engine.verify_chain(); }) == JF_OK)
        return 0;
    engine.refusal_ = error;
    return GNUTLS_E_CERTIFICATE_ERROR; // the peer gets the alert bad_certificate
}

void Engine::verify_chain()
{
    peer_ = check_peer_(shared_gnutls::peer_chain_pem(session_.get()));
    checked_ = true;
}

/// The library's own clock decides what is sent again. Between two flights it has nothing to wait for and answers 0.
std::optional<jackfield::Nanoseconds> Engine::retransmit_in()
{
    if (door_)
        return std::nullopt;
    return std::chrono::milliseconds(std::max(gnutls_dtls_get_timeout(session_.get()), kSoonestRetransmitMs));
}

// ---- bytes ----

ssize_t Engine::push(gnutls_transport_ptr_t self, const void* data, std::size_t size)
{
    of(self).answered_ = true;
    of(self).output_.output({static_cast<const std::uint8_t*>(data), size});
    return static_cast<ssize_t>(size);
}

ssize_t Engine::pull(gnutls_transport_ptr_t self, void* data, std::size_t size)
{
    Engine& engine = of(self);
    if (engine.input_.empty()) {
        engine.starved_ = true;
        gnutls_transport_set_errno(engine.session_.get(), EAGAIN);
        return -1;
    }
    const std::size_t count = std::min(size, engine.input_.size());
    std::memcpy(data, engine.input_.data(), count);
    // A datagram is read at once; what does not fit is lost, as with a socket.
    engine.input_ = engine.role_.datagrams ? jackfield::ByteView() : engine.input_.subspan(count);
    return static_cast<ssize_t>(count);
}

/// Whether there is something to pull. Nothing here waits.
int Engine::pull_timeout(gnutls_transport_ptr_t self, unsigned int)
{
    Engine& engine = of(self);
    if (engine.input_.empty())
        engine.starved_ = true;
    return engine.input_.empty() ? 0 : 1;
}

EngineRead Engine::read(std::span<std::uint8_t> plain) noexcept
{
    const auto receive = [&] {
        const auto code = static_cast<int>(gnutls_record_recv(session_.get(), plain.data(), plain.size()));
        if (code == GNUTLS_E_REHANDSHAKE) // RFC 5246 section 7.2.2: we do not
            gnutls_alert_send(session_.get(), GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
        return code;
    };
    int code = until_starved(receive);
    if (code == 0) // an empty record looks like the end, but after the end there is no second one
        code = until_starved(receive);
    if (code > 0)
        return {EngineRead::Kind::data, static_cast<std::size_t>(code)};
    if (code == 0)
        return {EngineRead::Kind::ended};
    if (gnutls_error_is_fatal(code) == 0)
        return {EngineRead::Kind::more};
    explain(code, "a damaged record");
    return {EngineRead::Kind::failed};
}

jackfield::Status Engine::write(jackfield::ByteView plain) noexcept
{
    while (!plain.empty()) {
        const auto code = gnutls_record_send(session_.get(), plain.data(), plain.size());
        if (code <= 0)
            return JF_INTERNAL;
        plain = plain.subspan(static_cast<std::size_t>(code));
    }
    return JF_OK;
}

void Engine::close_notify() noexcept
{
    gnutls_bye(session_.get(), GNUTLS_SHUT_WR);
}

// ---- what was agreed ----

jackfield::SecureInfo Engine::info() const
{
    jackfield::SecureInfo info;
    info.protocol = gnutls_protocol_get_name(gnutls_protocol_get_version(session_.get())); // "TLS1.3", "DTLS1.2"
    info.protocol.insert(info.protocol.find('S') + 1, " ");
    const char* cipher = gnutls_ciphersuite_get(session_.get());
    info.cipher = cipher != nullptr ? cipher : "";
    info.group = shared_gnutls::group_name(session_.get());
    info.peer = peer_;
    return info;
}

std::size_t Engine::record_overhead() const noexcept
{
    return (role_.datagrams ? 13U : 5U) + 8 + 16; // header, RFC 5288 explicit nonce and tag; TLS 1.3 adds less
}

std::size_t Engine::largest_content() const noexcept
{
    return role_.datagrams ? kLargestMtu - record_overhead() : SecureEngine::largest_content();
}

jackfield::Bytes Engine::export_key_material(std::string_view label, jackfield::ByteView context, std::size_t size)
{
    return shared_gnutls::export_key_material(session_.get(), label, context, size);
}

} // namespace secure_gnutls
