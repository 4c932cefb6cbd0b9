// secure-mbedtls: TLS 1.2 over streams, DTLS 1.2 over datagrams, mutual certificates checked by the node's identity.
//
// Threads: create and open on the control thread; a session's bytes on the thread of its path.
// Lifetime: the context is built once the identity is loaded, and lives as long as the instance.
#include "context.hpp"
#include "engine.hpp"
#include "settings.hpp"
#include "warm_up.hpp"

#include <jackfield/engine_session.hpp>
#include <jackfield/plugin.hpp>

#include <mbedtls/platform_util.h>

namespace secure_mbedtls {

using jackfield::EngineSession;
using jackfield::Failure;
using jackfield::IdentityService;

class MbedtlsChannel final : public jackfield::SecureChannel {
public:
    MbedtlsChannel(jackfield::Host host, std::string_view config_json)
        : SecureChannel(host), settings_(read_settings(config_json)), identity_(IdentityService::of(host))
    {
        warm_up();
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
        const Engine::Role role{options.client, session->datagrams(), settings_.hello_verify,
                                std::min(settings_.mtu_bytes, session->max_datagram_bytes()), settings_.retransmit_ms};
        auto check_peer = [identity = identity_, expected = options.expected](const std::string& chain_pem) {
            return identity.verify_chain(chain_pem, expected);
        };
        session->start(
            std::make_unique<Engine>(host(), *context_, role, std::move(check_peer), session->output_of_engine()));
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
        if (context_ != nullptr)
            return;
        const std::string chain_pem = identity_.self_device().chain_pem;
        std::string key_pem = identity_.private_key_pem();
        jf_error error = jackfield::no_error();
        const auto status =
            jackfield::guarded(&error, [&] { context_ = std::make_unique<Context>(random_, chain_pem, key_pem); });
        mbedtls_platform_zeroize(key_pem.data(), key_pem.size());
        jackfield::check(status, error);
    }

    Settings settings_;
    IdentityService identity_;
    Random random_;
    std::unique_ptr<Context> context_;
};

} // namespace secure_mbedtls

JF_PLUGIN(secure_mbedtls::MbedtlsChannel);
