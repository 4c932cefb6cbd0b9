// A jackfield.secure_channel/1 around a TLS library: asks the identity for our certificate and key, and makes a session
// with the library's engine for each path.
//
// Threads: control. Lifetime: sessions may not outlive the channel.
#pragma once

#include "settings.hpp"

#include <jackfield/secure_engine.hpp>

#include <functional>

namespace shared_tls {

/// Who we are, as PEM.
struct Credentials {
    std::string chain_pem;
    std::string key_pem; ///< empty if the key stays in a token; then `signer` signs with it (sign_digest)
    jackfield::IdentityService signer;
};

/// One connection's part in it.
struct Role {
    bool client;
    bool datagrams;
    bool hello_verify;
    std::uint32_t mtu_bytes;
    std::uint32_t retransmit_ms;
};

/// Says whose chain it is, or throws Failure with the reason against it. Called inside the handshake.
using CheckPeer = std::function<jackfield::Device(const std::string& chain_pem)>;

/// What is taken of a peer before anybody looks at it.
inline constexpr int kMostCertificates = 8;

/// A secure channel whose ends show certificates.
class CertifiedChannel : public jackfield::SecureChannel {
protected:
    explicit CertifiedChannel(jackfield::Host host);

    /// Usually the identity is loaded before this instance is created; then the first call need not wait for it. Called
    /// at the end of the constructor of whoever derives.
    void load_credentials_if_possible();

    /// Before a connection. Throws Failure; JF_BAD_INPUT if nobody in particular is expected.
    CheckPeer prepare(const jackfield::SecureOptions& options);

    /// For all connections from now on; called once. Throws Failure with the reason, for example a chain that does not
    /// fit its key. The texts are wiped afterwards.
    virtual void use_credentials(const Credentials& ours) = 0;

    /// Whether the library can do without the key. If not, a key that stays in a token is refused.
    virtual bool lets_the_identity_sign() const { return false; }

private:
    void load_credentials();
    std::string private_key_pem() const;

    jackfield::IdentityService identity_;
    bool has_credentials_ = false;
};

class Channel : public CertifiedChannel {
public:
    Channel(jackfield::Host host, const Settings& settings) : CertifiedChannel(host), settings_(settings) {}

    std::unique_ptr<jackfield::SecureSession> open(jackfield::Path below, jackfield::SecureOptions options,
                                                   jackfield::SecureListener listener) final;

protected:
    virtual std::unique_ptr<jackfield::SecureEngine> make_engine(const Role& role, CheckPeer check_peer,
                                                                 jackfield::EngineOutput& output) = 0;

private:
    Settings settings_;
};

} // namespace shared_tls
