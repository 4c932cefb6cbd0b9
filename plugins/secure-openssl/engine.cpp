// The connection: OpenSSL's state machine with our BIO, our check of the peer, our timers.
//
// Threads: the session calls it under its lock; OpenSSL's callbacks run inside those calls.
#include "engine.hpp"

#include <shared/openssl/failures.hpp>

#include <jackfield/tls_alert.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <sys/time.h>

namespace secure_openssl {

using jackfield::EngineRead;
using jackfield::HandshakeProgress;

namespace {

constexpr unsigned int kLongestRetransmitUs = 1'600'000;

/// The chain as the peer sent it, leaf first.
std::string chain_to_pem(STACK_OF(X509) * chain)
{
    const BioPtr bio(BIO_new(BIO_s_mem()));
    require(bio != nullptr, "memory BIO");
    for (int i = 0; i < sk_X509_num(chain); ++i)
        require(PEM_write_bio_X509(bio.get(), sk_X509_value(chain, i)) == 1, "the peer's certificate");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string group_name(int nid)
{
    switch (nid) {
    case NID_X25519:
        return "X25519";
    case NID_X9_62_prime256v1:
        return "P-256";
    case NID_secp384r1:
        return "P-384";
    default:
        return {};
    }
}

} // namespace

void Engine::install(SSL_CTX* context)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context, &Engine::verify, nullptr);
    SSL_CTX_set_info_callback(context, &Engine::on_info);
    SSL_CTX_set_cookie_generate_cb(context, &Engine::make_cookie);
    SSL_CTX_set_cookie_verify_cb(context, &Engine::check_cookie);
}

Engine::Engine(SSL_CTX* context, Role role, CheckPeer check_peer, jackfield::EngineOutput& output)
    : role_(role),
      check_peer_(std::move(check_peer)),
      wire_(output, role.datagrams, role.mtu_bytes),
      ssl_(SSL_new(context))
{
    require(ssl_ != nullptr, "SSL");
    SSL_set_app_data(ssl_.get(), this);
    BIO* bio = wire_.make_bio().release();
    SSL_set_bio(ssl_.get(), bio, bio); // takes the one reference for both directions
    if (role.datagrams) {
        require(SSL_set_mtu(ssl_.get(), static_cast<long>(role.mtu_bytes)) != 0, "mtu");
        DTLS_set_timer_cb(ssl_.get(), &Engine::next_timeout);
        require(RAND_bytes(cookie_.data(), static_cast<int>(cookie_.size())) == 1, "random bytes");
    }
    if (role.client)
        SSL_set_connect_state(ssl_.get());
    else
        SSL_set_accept_state(ssl_.get());
}

void Engine::show(X509* certificate, EVP_PKEY* key)
{
    require(SSL_use_certificate(ssl_.get(), certificate) == 1, "certificate");
    require(SSL_use_PrivateKey(ssl_.get(), key) == 1, "private key");
}

HandshakeProgress Engine::handshake() noexcept
{
    ERR_clear_error();
    return step(SSL_do_handshake(ssl_.get()));
}

HandshakeProgress Engine::step(int result) noexcept
{
    if (result == 1)
        return HandshakeProgress::done;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return HandshakeProgress::more;
    explain("the handshake failed");
    return HandshakeProgress::failed;
}

/// Fills failure_: our own refusal first, then the peer's alert, then what OpenSSL found wrong.
void Engine::explain(std::string_view what)
{
    if (refusal_)
        failure_ = *refusal_;
    else if (fatal_alert_)
        failure_ = jackfield::make_error(JF_REFUSED, "the peer refused: " + jackfield::tls_alert_text(*fatal_alert_));
    else
        failure_ = protocol_failure(what);
    ERR_clear_error();
}

int Engine::verify(X509_STORE_CTX* store, void*)
{
    const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    Engine& engine = of(ssl);
    jf_error error = jackfield::no_error();
    // The identity may be built on OpenSSL too. What it leaves in this thread's error queue would end the handshake.
    ERR_set_mark();
    const jackfield::Status status = jackfield::guarded(&error, [&] { engine.verify_chain(store); });
    ERR_pop_to_mark();
    if (status == JF_OK) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    engine.refusal_ = error;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED); // the peer gets the alert bad_certificate
    return 0;
}

void Engine::verify_chain(X509_STORE_CTX* store)
{
    STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(store);
    if (chain == nullptr || sk_X509_num(chain) < 1)
        throw jackfield::Failure(JF_UNAUTHENTICATED, "the peer sent no certificate");
    if (sk_X509_num(chain) > shared_tls::kMostCertificates)
        throw jackfield::Failure(JF_UNAUTHENTICATED, "the peer's chain has more than 8 certificates");
    peer_ = check_peer_(chain_to_pem(chain));
}

void Engine::on_info(const SSL* ssl, int where, int value)
{
    const auto level = static_cast<unsigned int>(value) >> 8U;
    const auto alert = static_cast<std::uint8_t>(static_cast<unsigned int>(value) & 0xffU);
    if (where == SSL_CB_READ_ALERT && level == SSL3_AL_FATAL)
        of(ssl).fatal_alert_ = alert;
}

int Engine::make_cookie(SSL* ssl, unsigned char* cookie, unsigned int* size)
{
    const auto& ours = of(ssl).cookie_;
    std::memcpy(cookie, ours.data(), ours.size());
    *size = static_cast<unsigned int>(ours.size());
    return 1;
}

int Engine::check_cookie(SSL* ssl, const unsigned char* cookie, unsigned int size)
{
    const auto& ours = of(ssl).cookie_;
    return size == ours.size() && CRYPTO_memcmp(cookie, ours.data(), ours.size()) == 0 ? 1 : 0;
}

/// RFC 6347 section 4.2.4.1 proposes one second; on a path whose round trip ICE has just measured that is a second
/// lost.
unsigned int Engine::next_timeout(SSL* ssl, unsigned int previous_us)
{
    const unsigned int first = of(ssl).role_.retransmit_ms * 1000;
    if (previous_us == 0)
        return first;
    return std::max(first, std::min(previous_us * 2, kLongestRetransmitUs));
}

std::optional<jackfield::Nanoseconds> Engine::retransmit_in()
{
    timeval left{};
    if (DTLSv1_get_timeout(ssl_.get(), &left) != 1)
        return std::nullopt;
    return std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

HandshakeProgress Engine::retransmit() noexcept
{
    ERR_clear_error();
    if (DTLSv1_handle_timeout(ssl_.get()) < 0) {
        failure_ = jackfield::make_error(JF_TIMEOUT, "the peer did not answer the handshake");
        ERR_clear_error();
        return HandshakeProgress::failed;
    }
    return handshake();
}

EngineRead Engine::read(std::span<std::uint8_t> plain) noexcept
{
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), plain.data(), plain.size(), &size);
    if (result == 1)
        return {EngineRead::Kind::data, size};
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return {EngineRead::Kind::more};
    case SSL_ERROR_ZERO_RETURN:
        return {EngineRead::Kind::ended};
    default:
        break;
    }
    explain("a damaged record");
    return {EngineRead::Kind::failed};
}

jackfield::Status Engine::write(jackfield::ByteView plain) noexcept
{
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written);
    return result == 1 && written == plain.size() ? JF_OK : JF_INTERNAL;
}

void Engine::close_notify() noexcept
{
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

jackfield::SecureInfo Engine::info() const
{
    jackfield::SecureInfo info;
    const char* version = SSL_get_version(ssl_.get()); // "TLSv1.3", "DTLSv1.2"
    info.protocol = version;
    if (const auto v = info.protocol.find('v'); v != std::string::npos)
        info.protocol[v] = ' ';
    info.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_.get()));
    info.group = group_name(static_cast<int>(SSL_get_negotiated_group(ssl_.get())));
    info.peer = peer_;
    return info;
}

std::size_t Engine::record_overhead() const noexcept
{
    if (role_.datagrams)
        return 13 + 8 + 16; // RFC 6347 section 4.1 header, RFC 5288 explicit nonce and tag
    return 5 + 8 + 16;      // RFC 5246 section 6.2; TLS 1.3 adds less
}

jackfield::Bytes Engine::export_key_material(std::string_view label, jackfield::ByteView context, std::size_t size)
{
    jackfield::Bytes out(size);
    ERR_clear_error();
    const int result = SSL_export_keying_material(ssl_.get(), out.data(), size, label.data(), label.size(),
                                                  context.data(), context.size(), context.empty() ? 0 : 1);
    require(result == 1, "export of key material");
    return out;
}

} // namespace secure_openssl
