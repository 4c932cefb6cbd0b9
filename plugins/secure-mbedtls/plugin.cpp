// secure-mbedtls: TLS 1.2 over streams, DTLS 1.2 over datagrams, mutual certificates checked by the node's identity.
//
// Threads: create and open on the control thread; a session's bytes on the thread of its path.
// Lifetime: the context is built once the identity is loaded, and lives as long as the instance.
#include "context.hpp"
#include "engine.hpp"
#include "warm_up.hpp"

#include <jackfield/plugin.hpp>

namespace secure_mbedtls {

class MbedtlsChannel final : public shared_tls::Channel {
public:
    MbedtlsChannel(jackfield::Host host, std::string_view config_json)
        : Channel(host, shared_tls::read_settings(config_json))
    {
        warm_up();
        load_credentials_if_possible();
    }

private:
    void use_credentials(const shared_tls::Credentials& ours) override
    {
        context_ = std::make_unique<Context>(random_, ours.chain_pem, ours.key_pem);
    }

    std::unique_ptr<jackfield::SecureEngine> make_engine(const Role& role, CheckPeer check_peer,
                                                         jackfield::EngineOutput& output) override
    {
        return std::make_unique<Engine>(host(), *context_, role, std::move(check_peer), output);
    }

    Random random_;
    std::unique_ptr<Context> context_;
};

} // namespace secure_mbedtls

JF_PLUGIN(secure_mbedtls::MbedtlsChannel);
