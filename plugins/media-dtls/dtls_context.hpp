// What all handshakes of an instance have in common: our certificate, made at start and shown to everybody, and how
// OpenSSL is set up for SRTP (RFC 5764).
//
// Threads: made on control; only read afterwards.
#pragma once

#include "options.hpp"

#include <shared/openssl/openssl_ptr.hpp>

namespace jackfield::media_dtls {

class DtlsContext {
public:
    /// Throws Failure.
    DtlsContext(const Host& host, const Options& options);

    SSL_CTX* context() const { return context_.get(); }
    const Options& options() const { return options_; }

    /// "sha-256 AB:CD:.." (RFC 8122 section 5).
    const std::string& fingerprint() const { return fingerprint_; }

private:
    const Options& options_; // of the plugin, which owns this too
    shared_openssl::ContextPtr context_;
    std::string fingerprint_;
};

/// The certificate's fingerprint with the hash that the text begins with; empty if we do not trust that hash.
std::string fingerprint_of(const X509* certificate, std::string_view like);

/// Of texts "hash AB:CD:..", whatever their case.
bool same_fingerprint(std::string_view one, std::string_view other);

/// The suite of a profile that was agreed (RFC 5764 section 4.1.2, RFC 7714 section 14.2); null if it is none of ours.
const rtp::Suite* suite_of(const SRTP_PROTECTION_PROFILE* profile);

} // namespace jackfield::media_dtls
