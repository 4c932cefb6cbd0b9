// The connection: Mbed TLS's state machine with our bytes, our check of the peer, our timer.
//
// Threads: the session calls it under its lock; the callbacks run inside those calls.
#include "engine.hpp"

#include "failures.hpp"
#include "pem_chain.hpp"

#include <jackfield/tls_alert.hpp>

#include <mbedtls/platform_util.h>
#include <mbedtls/ssl_internal.h> // the group of the key agreement is told nowhere else

namespace secure_mbedtls {

using jackfield::EngineRead;
using jackfield::HandshakeProgress;

namespace {

constexpr std::uint32_t kLongestRetransmitMs = 1600;
constexpr std::uint32_t kNoLimitMs = 1U << 30U; // the session has the deadline

constexpr int kCiphers[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                            MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                            MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                            MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                            MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                            MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                            0};
constexpr mbedtls_ecp_group_id kGroups[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1,
                                            MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
constexpr int kDigests[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE};

std::string group_name(mbedtls_ecp_group_id group)
{
    switch (group) {
    case MBEDTLS_ECP_DP_CURVE25519:
        return "X25519";
    case MBEDTLS_ECP_DP_SECP256R1:
        return "P-256";
    case MBEDTLS_ECP_DP_SECP384R1:
        return "P-384";
    default:
        return {};
    }
}

} // namespace

// ---- before the handshake ----

Engine::Engine(jackfield::Host host, Context& context, Role role, CheckPeer check_peer, jackfield::EngineOutput& output)
    : host_(host), role_(role), check_peer_(std::move(check_peer)), output_(output)
{
    configure(context);
    if (role.datagrams)
        configure_datagrams();
    require(mbedtls_ssl_setup(ssl_.get(), config_.get()), "connection");
    mbedtls_ssl_set_bio(ssl_.get(), this, &Engine::send, &Engine::receive, nullptr);
    mbedtls_ssl_set_verify(ssl_.get(), &Engine::verify, this);
    if (role.datagrams) {
        mbedtls_ssl_set_timer_cb(ssl_.get(), this, &Engine::set_timer, &Engine::get_timer);
        mbedtls_ssl_set_mtu(ssl_.get(), static_cast<std::uint16_t>(role.mtu_bytes));
        if (!role.client)
            await_client_again();
    }
}

Engine::~Engine()
{
    mbedtls_platform_zeroize(master_secret_.data(), master_secret_.size());
}

void Engine::configure(Context& context)
{
    auto* config = config_.get();
    require(mbedtls_ssl_config_defaults(config, role_.client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
                                        role_.datagrams ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM,
                                        MBEDTLS_SSL_PRESET_DEFAULT),
            "defaults");
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_ciphersuites(config, kCiphers);
    mbedtls_ssl_conf_curves(config, kGroups);
    mbedtls_ssl_conf_sig_hashes(config, kDigests);
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    mbedtls_ssl_conf_rng(config, context.random().function(), context.random().state());
    mbedtls_ssl_conf_export_keys_ext_cb(config, &Engine::keep_keys, this);
    require(mbedtls_ssl_conf_own_cert(config, context.chain(), context.key()), "our own certificate");
    // A certificate is demanded of both sides. The library insists on some list of authorities to compare with; what it
    // finds is overruled by `verify`, which asks the identity, and `finish`, which insists that it was asked.
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, context.chain(), nullptr);
    mbedtls_ssl_conf_cert_req_ca_list(config, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
}

void Engine::configure_datagrams()
{
    auto* config = config_.get();
    mbedtls_ssl_conf_dtls_anti_replay(config, MBEDTLS_SSL_ANTI_REPLAY_ENABLED);
    mbedtls_ssl_conf_handshake_timeout(config, role_.retransmit_ms, kNoLimitMs);
    host_.random(cookie_);
    if (role_.hello_verify)
        mbedtls_ssl_conf_dtls_cookies(config, &Engine::write_cookie, &Engine::check_cookie, this);
    else
        mbedtls_ssl_conf_dtls_cookies(config, nullptr, nullptr, nullptr);
}

/// A server of datagrams forgets a hello without its cookie, and waits for the next.
void Engine::await_client_again()
{
    static constexpr unsigned char peer[] = {0}; // a path has one peer, so the cookie need not name it
    require(mbedtls_ssl_session_reset(ssl_.get()), "reset");
    require(mbedtls_ssl_set_client_transport_id(ssl_.get(), peer, sizeof(peer)), "transport id");
}

// ---- the handshake ----

HandshakeProgress Engine::handshake() noexcept
{
    int code = run_steps();
    // When its timer is over the library sends its flight again and says that it wants to read, without having read.
    if (code == MBEDTLS_ERR_SSL_WANT_READ && !input_.empty())
        code = run_steps();
    if (code == 0)
        return finish();
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) {
        input_ = {}; // it was borrowed: what is left counts as lost
        return HandshakeProgress::more;
    }
    // Nobody is proven yet, so one forged or damaged datagram must not end the attempt: it counts as lost.
    const bool noise = !role_.client && role_.datagrams && ssl_->state <= MBEDTLS_SSL_CLIENT_HELLO &&
                       (code == MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO || code == MBEDTLS_ERR_SSL_INVALID_RECORD);
    if (noise || code == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
        jf_error error = jackfield::no_error();
        if (jackfield::guarded(&error, [&] { await_client_again(); }) == JF_OK)
            return HandshakeProgress::more;
    }
    return explain_handshake(code);
}

int Engine::run_steps()
{
    while (ssl_->state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        const int code = mbedtls_ssl_handshake_step(ssl_.get());
        note_group();
        if (code != 0)
            return code;
    }
    return 0;
}

void Engine::note_group()
{
    if (ssl_->handshake != nullptr && ssl_->handshake->ecdh_ctx.grp.id != MBEDTLS_ECP_DP_NONE)
        group_ = ssl_->handshake->ecdh_ctx.grp.id;
}

/// The second lock on the door: without the identity's yes nothing is reported, whatever the library concluded.
HandshakeProgress Engine::finish() noexcept
{
    if (!checked_) {
        failure_ = jackfield::make_error(JF_UNAUTHENTICATED, "the peer's chain was not checked");
        return HandshakeProgress::failed;
    }
    if (role_.datagrams) {
        mbedtls_ssl_set_mtu(ssl_.get(), 0); // from here on the session knows how large a datagram may be
        // A hello that comes now would restart the handshake, and its cookie can be seen by anybody on the way.
        mbedtls_ssl_conf_dtls_cookies(config_.get(), nullptr, nullptr, nullptr);
    }
    return HandshakeProgress::done;
}

HandshakeProgress Engine::explain_handshake(int code) noexcept
{
    if (code == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE) // the one refusal the library keeps to itself
        mbedtls_ssl_send_alert_message(ssl_.get(), MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                       MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    explain(code, "the handshake failed");
    return HandshakeProgress::failed;
}

/// Fills failure_: our own refusal first, then the peer's alert, then what Mbed TLS found wrong.
void Engine::explain(int code, std::string_view what)
{
    if (refusal_)
        failure_ = *refusal_;
    else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        failure_ = jackfield::make_error(JF_REFUSED, "the peer refused: " + jackfield::tls_alert_text(ssl_->in_msg[1]));
    else
        failure_ = protocol_failure(code, what);
}

int Engine::verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags)
{
    *flags = 0;
    if (depth != 0) // issuers come first; the leaf carries the whole chain as the peer sent it
        return 0;
    Engine& engine = of(self);
    jf_error error = jackfield::no_error();
    const jackfield::Status status = jackfield::guarded(&error, [&] {
        engine.peer_ = engine.check_peer_(chain_to_pem(*certificate));
        engine.checked_ = true;
    });
    if (status != JF_OK) {
        engine.refusal_ = error;
        *flags = MBEDTLS_X509_BADCERT_OTHER; // the peer gets the alert access_denied
    }
    return 0;
}

int Engine::keep_keys(void* self, const unsigned char* master, const unsigned char*, std::size_t, std::size_t,
                      std::size_t, const unsigned char client_random[32], const unsigned char server_random[32],
                      mbedtls_tls_prf_types prf)
{
    Engine& engine = of(self);
    engine.prf_ = prf;
    std::memcpy(engine.master_secret_.data(), master, engine.master_secret_.size());
    std::memcpy(engine.randoms_.data(), client_random, 32);
    std::memcpy(engine.randoms_.data() + 32, server_random, 32);
    return 0;
}

int Engine::write_cookie(void* self, unsigned char** out, unsigned char* end, const unsigned char*, std::size_t)
{
    const auto& cookie = of(self).cookie_;
    if (static_cast<std::size_t>(end - *out) < cookie.size())
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    std::memcpy(*out, cookie.data(), cookie.size());
    *out += cookie.size();
    return 0;
}

int Engine::check_cookie(void* self, const unsigned char* cookie, std::size_t size, const unsigned char*, std::size_t)
{
    const auto& ours = of(self).cookie_;
    if (size != ours.size())
        return -1;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < size; ++i)
        difference |= static_cast<unsigned char>(cookie[i] ^ ours[i]);
    return difference == 0 ? 0 : -1;
}

// ---- the timer of the handshake ----

/// The library doubles its wait each time. Beyond 1.6 s that only wastes the time the handshake has.
void Engine::set_timer(void* self, std::uint32_t, std::uint32_t final_ms)
{
    Engine& engine = of(self);
    engine.timer_running_ = final_ms != 0;
    const std::uint32_t longest = std::max(kLongestRetransmitMs, engine.role_.retransmit_ms);
    engine.timer_ends_ns_ = engine.host_.now_ns() + std::int64_t{std::min(final_ms, longest)} * 1'000'000;
}

int Engine::get_timer(void* self)
{
    const Engine& engine = of(self);
    if (!engine.timer_running_)
        return -1;
    return engine.host_.now_ns() >= engine.timer_ends_ns_ ? 2 : 0;
}

std::optional<jackfield::Nanoseconds> Engine::retransmit_in()
{
    if (!timer_running_)
        return std::nullopt;
    return jackfield::Nanoseconds(std::max<std::int64_t>(timer_ends_ns_ - host_.now_ns(), 0));
}

// ---- bytes ----

int Engine::send(void* self, const unsigned char* data, std::size_t size)
{
    of(self).output_.output({data, size});
    return static_cast<int>(size);
}

int Engine::receive(void* self, unsigned char* data, std::size_t size)
{
    Engine& engine = of(self);
    if (engine.input_.empty())
        return MBEDTLS_ERR_SSL_WANT_READ;
    const std::size_t count = std::min(size, engine.input_.size());
    std::memcpy(data, engine.input_.data(), count);
    // A datagram is read at once; what does not fit is lost, as with a socket.
    engine.input_ = engine.role_.datagrams ? jackfield::ByteView() : engine.input_.subspan(count);
    return static_cast<int>(count);
}

EngineRead Engine::read(std::span<std::uint8_t> plain) noexcept
{
    const int code = mbedtls_ssl_read(ssl_.get(), plain.data(), plain.size());
    if (code > 0)
        return {EngineRead::Kind::data, static_cast<std::size_t>(code)};
    switch (code) {
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE:
        input_ = {};
        return {EngineRead::Kind::more};
    case 0:
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return {EngineRead::Kind::ended};
    default:
        break;
    }
    explain(code, "a damaged record");
    return {EngineRead::Kind::failed};
}

jackfield::Status Engine::write(jackfield::ByteView plain) noexcept
{
    while (!plain.empty()) {
        const int code = mbedtls_ssl_write(ssl_.get(), plain.data(), plain.size());
        if (code <= 0)
            return JF_INTERNAL;
        plain = plain.subspan(static_cast<std::size_t>(code));
    }
    return JF_OK;
}

void Engine::close_notify() noexcept
{
    mbedtls_ssl_close_notify(ssl_.get());
}

// ---- what was agreed ----

jackfield::SecureInfo Engine::info() const
{
    jackfield::SecureInfo info;
    info.protocol = role_.datagrams ? "DTLS 1.2" : "TLS 1.2";
    info.cipher = mbedtls_ssl_get_ciphersuite(ssl_.get()); // the IANA name with the wrong dashes
    std::replace(info.cipher.begin(), info.cipher.end(), '-', '_');
    info.group = group_name(group_);
    info.peer = peer_;
    return info;
}

std::size_t Engine::record_overhead() const noexcept
{
    return (role_.datagrams ? 13U : 5U) + 8 + 16; // header, RFC 5288 explicit nonce and tag
}

jackfield::Bytes Engine::export_key_material(std::string_view label, jackfield::ByteView context, std::size_t size)
{
    // RFC 5705 section 4: PRF(master secret, label, client random + server random [+ length + context]).
    const std::string terminated_label(label);
    if (terminated_label.find('\0') != std::string::npos)
        throw jackfield::Failure(JF_BAD_INPUT, "a label cannot contain a zero byte");
    jackfield::Bytes seed(randoms_.begin(), randoms_.end());
    if (!context.empty()) {
        seed.push_back(static_cast<std::uint8_t>(context.size() >> 8U));
        seed.push_back(static_cast<std::uint8_t>(context.size() & 0xffU));
        seed.insert(seed.end(), context.begin(), context.end());
    }
    jackfield::Bytes out(size);
    require(mbedtls_ssl_tls_prf(prf_, master_secret_.data(), master_secret_.size(), terminated_label.c_str(),
                                seed.data(), seed.size(), out.data(), out.size()),
            "export of key material");
    return out;
}

} // namespace secure_mbedtls
