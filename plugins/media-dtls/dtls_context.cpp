// See dtls_context.hpp.
#include "dtls_context.hpp"

#include <shared/openssl/failures.hpp>
#include <shared/x509/certificates.hpp>

namespace jackfield::media_dtls {

using shared_openssl::require;

namespace {

constexpr int kDays = 365; // nobody looks at the dates, and an instance lives as long as its program

struct Profile {
    std::string_view suite;
    const char* name; // OpenSSL's
    unsigned long id;
};
constexpr Profile kProfiles[] = {{"AEAD_AES_128_GCM", "SRTP_AEAD_AES_128_GCM", SRTP_AEAD_AES_128_GCM},
                                 {"AES_CM_128_HMAC_SHA1_80", "SRTP_AES128_CM_SHA1_80", SRTP_AES128_CM_SHA1_80}};

std::string profile_names(const Options& options)
{
    std::string names;
    for (const rtp::Suite* suite : options.suites) {
        for (const Profile& profile : kProfiles) {
            if (profile.suite == suite->name)
                names += (names.empty() ? "" : ":") + std::string(profile.name);
        }
    }
    return names;
}

char upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

} // namespace

bool same_fingerprint(std::string_view one, std::string_view other)
{
    return !one.empty() && std::equal(one.begin(), one.end(), other.begin(), other.end(),
                                      [](char a, char b) { return upper(a) == upper(b); });
}

std::string fingerprint_of(const X509* certificate, std::string_view like)
{
    const std::string_view name = like.substr(0, like.find(' '));
    const EVP_MD* hash = same_fingerprint(name, "sha-256")   ? EVP_sha256()
                         : same_fingerprint(name, "sha-384") ? EVP_sha384()
                         : same_fingerprint(name, "sha-512") ? EVP_sha512()
                                                             : nullptr;
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (hash == nullptr || X509_digest(certificate, hash, digest.data(), &size) != 1)
        return {};
    std::string text(name);
    for (unsigned i = 0; i < size; ++i) {
        text += i == 0 ? ' ' : ':';
        text += "0123456789ABCDEF"[digest[i] >> 4];
        text += "0123456789ABCDEF"[digest[i] & 15];
    }
    return text;
}

const rtp::Suite* suite_of(const SRTP_PROTECTION_PROFILE* profile)
{
    for (const Profile& known : kProfiles) {
        if (profile != nullptr && profile->id == known.id)
            return srtp::find_suite(known.suite);
    }
    return nullptr;
}

DtlsContext::DtlsContext(const Host& host, const Options& options)
    : options_(options), context_(SSL_CTX_new(DTLS_method()))
{
    require(context_ != nullptr, "context");
    SSL_CTX* context = context_.get();
    const std::atomic<bool> never{false};
    const auto key = shared_x509::generate_key(shared_x509::KeyType::ec_p256, never);
    const auto certificate = shared_x509::make_account_certificate(key.get(), "media", {host.wall_ms(), kDays});
    fingerprint_ = fingerprint_of(certificate.get(), "sha-256");
    require(SSL_CTX_use_certificate(context, certificate.get()) == 1, "certificate");
    require(SSL_CTX_use_PrivateKey(context, key.get()) == 1, "private key");
    require(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1, "version");
    require(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES") == 1, "ciphers");
    require(SSL_CTX_set_tlsext_use_srtp(context, profile_names(options).c_str()) == 0, "SRTP profiles"); // 0 is success
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1); // a datagram is read at once
}

} // namespace jackfield::media_dtls
