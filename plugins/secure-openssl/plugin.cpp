// secure-openssl: TLS over streams, DTLS over datagrams, mutual certificates checked by the node's identity.
//
// Threads: create and open on the control thread; a session's bytes on the thread of its path.
// Lifetime: the contexts live as long as the instance and get our certificate once the identity is loaded.
#include "context.hpp"
#include "engine.hpp"
#include "failures.hpp"
#include "warm_up.hpp"

#include <jackfield/engine_session.hpp>
#include <jackfield/plugin.hpp>

#include <openssl/crypto.h>

namespace secure_openssl {

using jackfield::Device;
using jackfield::EngineSession;
using jackfield::Failure;
using jackfield::IdentityService;

class OpensslChannel final : public jackfield::SecureChannel {
public:
    OpensslChannel(jackfield::Host host, std::string_view config_json)
        : SecureChannel(host),
          settings_(read_settings(config_json)),
          identity_(IdentityService::of(host)),
          stream_(make_context(settings_, false)),
          datagram_(make_context(settings_, true))
    {
        warm_up(settings_, false, stream_.get());
        warm_up(settings_, true, datagram_.get());
        load_credentials_if_possible();
    }

    std::unique_ptr<jackfield::SecureSession> open(jackfield::Path below, jackfield::SecureOptions options,
                                                   jackfield::SecureListener listener) override
    {
        if (options.expected.account_id.empty() && options.expected.device_id.empty())
            throw Failure(JF_BAD_INPUT, "nobody is expected at the other end: name an account or a device");
        load_credentials();
        auto session = std::make_unique<EngineSession>(host(), below, listener,
                                                       std::chrono::milliseconds(settings_.handshake_timeout_ms));
        const bool datagrams = session->datagrams();
        const Engine::Role role{options.client, datagrams, std::min(settings_.mtu_bytes, session->max_datagram_bytes()),
                                settings_.retransmit_ms};
        auto check_peer = [identity = identity_, expected = options.expected](const std::string& chain_pem) {
            return identity.verify_chain(chain_pem, expected);
        };
        SSL_CTX* context = datagrams ? datagram_.get() : stream_.get();
        session->start(std::make_unique<Engine>(context, role, std::move(check_peer), session->output_of_engine()));
        return session;
    }

private:
    /// Usually the identity is loaded before this instance is created; then the first call need not wait for it.
    void load_credentials_if_possible()
    {
        jf_error error = jackfield::no_error();
        const auto status = jackfield::guarded(&error, [this] { load_credentials(); });
        if (status != JF_WOULD_BLOCK)
            jackfield::check(status, error);
    }

    void load_credentials()
    {
        if (has_credentials_)
            return;
        Credentials ours{identity_.self_device().chain_pem, identity_.private_key_pem()};
        jf_error error = jackfield::no_error();
        const auto status = jackfield::guarded(&error, [&] {
            use_credentials(stream_.get(), ours);
            use_credentials(datagram_.get(), ours);
        });
        OPENSSL_cleanse(ours.key_pem.data(), ours.key_pem.size());
        jackfield::check(status, error);
        has_credentials_ = true;
    }

    Settings settings_;
    IdentityService identity_;
    ContextPtr stream_;
    ContextPtr datagram_;
    bool has_credentials_ = false;
};

} // namespace secure_openssl

JF_PLUGIN(secure_openssl::OpensslChannel);
