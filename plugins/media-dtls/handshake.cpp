// In the order in which it happens: begin, datagrams and flights that are due again, the peer's certificate, the keys.
//
// Threads: control; OpenSSL's callbacks run inside its calls.
#include "handshake.hpp"

#include <jackfield/tls_alert.hpp>
#include <shared/openssl/failures.hpp>

#include <openssl/err.h>

#include <sys/time.h>

namespace jackfield::media_dtls {

using shared_openssl::require;

namespace {

constexpr unsigned int kLongestRetransmitUs = 1'600'000;

} // namespace

void Handshake::install(SSL_CTX* context)
{
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context, &Handshake::check_certificate, nullptr);
}

Handshake::Handshake(const DtlsContext& context, bool client, std::string fingerprint, EngineOutput& output)
    : context_(context),
      client_(client),
      fingerprint_(std::move(fingerprint)),
      wire_(output, true, context.options().mtu_bytes)
{
    begin();
}

void Handshake::begin()
{
    ssl_.reset(SSL_new(context_.context()));
    require(ssl_ != nullptr, "SSL");
    SSL* ssl = ssl_.get();
    SSL_set_app_data(ssl, this);
    BIO* bio = wire_.make_bio().release();
    SSL_set_bio(ssl, bio, bio); // takes the one reference for both directions
    require(SSL_set_mtu(ssl, static_cast<long>(context_.options().mtu_bytes)) != 0, "mtu");
    DTLS_set_timer_cb(ssl, &Handshake::next_timeout);
    if (client_)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
}

Handshake::State Handshake::go_on(ByteView datagram)
{
    if (state_ == State::failed)
        return state_;
    ERR_clear_error();
    wire_.feed(datagram);
    if (state_ == State::done) {
        // The peer may not have got our last flight; nothing else is said on this association (RFC 5764 section 3).
        std::array<std::uint8_t, 64> nothing;
        SSL_read(ssl_.get(), nothing.data(), static_cast<int>(nothing.size()));
        ERR_clear_error();
        return state_;
    }
    return step(SSL_do_handshake(ssl_.get()));
}

Handshake::State Handshake::step(int result)
{
    if (result == 1) {
        finish();
        return state_;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return state_;
    return fail(refusal_ ? *refusal_ : shared_openssl::protocol_failure("the handshake on the media path failed"));
}

Handshake::State Handshake::fail(const jf_error& failure)
{
    ERR_clear_error();
    failure_ = failure;
    state_ = State::failed;
    return state_;
}

std::optional<Nanoseconds> Handshake::retransmit_in() const
{
    timeval left{};
    if (state_ != State::under_way || DTLSv1_get_timeout(ssl_.get(), &left) != 1)
        return std::nullopt;
    return std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

/// A telephone that rings may not listen for minutes: when OpenSSL gives up, it begins again.
Handshake::State Handshake::retransmit()
{
    if (state_ != State::under_way)
        return state_;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(ssl_.get()) >= 0)
        return state_;
    ERR_clear_error();
    begin();
    return client_ ? go_on({}) : state_;
}

/// RFC 6347 section 4.2.4.1 proposes one second; on a media path that is a second of silence.
unsigned int Handshake::next_timeout(SSL* ssl, unsigned int previous_us)
{
    const auto& self = *static_cast<Handshake*>(SSL_get_app_data(ssl));
    const unsigned int first = self.context_.options().retransmit_ms * 1000;
    return previous_us == 0 ? first : std::max(first, std::min(previous_us * 2, kLongestRetransmitUs));
}

/// Who it is was said in the description, and nothing but that counts (RFC 5763 section 5).
int Handshake::check_certificate(X509_STORE_CTX* store, void*)
{
    const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& self = *static_cast<Handshake*>(SSL_get_app_data(ssl));
    const X509* certificate = X509_STORE_CTX_get0_cert(store);
    const std::string shown = certificate != nullptr ? fingerprint_of(certificate, self.fingerprint_) : std::string();
    if (same_fingerprint(shown, self.fingerprint_)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    self.refusal_ = shown.empty()
                        ? make_error(JF_UNSUPPORTED, "the peer's fingerprint is not of sha-256, sha-384 or sha-512: " +
                                                         self.fingerprint_.substr(0, 40))
                        : make_error(JF_UNAUTHENTICATED,
                                     "the certificate on the media path is not the one of the peer's description: "
                                     "fingerprint " +
                                         shown.substr(0, 31) + ".., and not " + self.fingerprint_.substr(0, 31) + "..");
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED); // the peer gets the alert bad_certificate
    return 0;
}

/// RFC 5764 section 4.2: the client's key, the server's, the client's salt, the server's.
void Handshake::finish()
{
    const rtp::Suite* suite = suite_of(SSL_get_selected_srtp_profile(ssl_.get()));
    if (suite == nullptr) {
        fail(make_error(JF_UNSUPPORTED, "the peer has no SRTP profile that we have (RFC 5764 section 4.1)"));
        return;
    }
    constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";
    Bytes all(2 * (suite->key_bytes + suite->salt_bytes));
    if (SSL_export_keying_material(ssl_.get(), all.data(), all.size(), kLabel.data(), kLabel.size(), nullptr, 0, 0) !=
        1) {
        fail(shared_openssl::protocol_failure("no keys come of the handshake on the media path"));
        return;
    }
    const auto key_of = [&](bool client) {
        const auto* key = all.data() + (client ? 0 : suite->key_bytes);
        const auto* salt = all.data() + 2 * suite->key_bytes + (client ? 0 : suite->salt_bytes);
        Bytes bytes(key, key + suite->key_bytes);
        bytes.insert(bytes.end(), salt, salt + suite->salt_bytes);
        return rtp::Key{suite, std::move(bytes)};
    };
    keys_ = MediaKeys{key_of(client_), key_of(!client_)};
    explicit_bzero(all.data(), all.size());
    state_ = State::done;
}

void Handshake::say_goodbye()
{
    if (state_ == State::done)
        SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

} // namespace jackfield::media_dtls
