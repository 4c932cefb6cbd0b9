// The channel's part of a session: credentials once, then an engine in its role. See channel.hpp.
//
// Threads: control.
#include "channel.hpp"

#include <jackfield/engine_session.hpp>

#include <string.h> // explicit_bzero

namespace shared_tls {

using jackfield::EngineSession;
using jackfield::Failure;

CertifiedChannel::CertifiedChannel(jackfield::Host host)
    : SecureChannel(host), identity_(jackfield::IdentityService::of(host))
{}

CheckPeer CertifiedChannel::prepare(const jackfield::SecureOptions& options)
{
    if (options.expected.account_id.empty() && options.expected.device_id.empty())
        throw Failure(JF_BAD_INPUT, "nobody is expected at the other end: name an account or a device");
    load_credentials();
    return [identity = identity_, expected = options.expected](const std::string& chain_pem) {
        return identity.verify_chain(chain_pem, expected);
    };
}

std::unique_ptr<jackfield::SecureSession> Channel::open(jackfield::Path below, jackfield::SecureOptions options,
                                                        jackfield::SecureListener listener)
{
    auto check_peer = prepare(options);
    auto session = std::make_unique<EngineSession>(host(), below, listener,
                                                   std::chrono::milliseconds(settings_.handshake_timeout_ms));
    const Role role{options.client, session->datagrams(), settings_.hello_verify,
                    std::min(settings_.mtu_bytes, session->max_datagram_bytes()), settings_.retransmit_ms};
    session->start(make_engine(role, std::move(check_peer), session->output_of_engine()));
    return session;
}

void CertifiedChannel::load_credentials_if_possible()
{
    jf_error error = jackfield::no_error();
    const auto status = jackfield::guarded(&error, [this] { load_credentials(); });
    if (status != JF_WOULD_BLOCK)
        jackfield::check(status, error);
}

void CertifiedChannel::load_credentials()
{
    if (has_credentials_)
        return;
    Credentials ours{identity_.self_device().chain_pem, private_key_pem(), identity_};
    jf_error error = jackfield::no_error();
    const auto status = jackfield::guarded(&error, [&] { use_credentials(ours); });
    explicit_bzero(ours.key_pem.data(), ours.key_pem.size());
    jackfield::check(status, error);
    has_credentials_ = true;
}

std::string CertifiedChannel::private_key_pem() const
{
    try {
        return identity_.private_key_pem();
    } catch (const Failure& failure) {
        if (failure.status() != JF_UNSUPPORTED || !lets_the_identity_sign())
            throw;
        return {};
    }
}

} // namespace shared_tls
