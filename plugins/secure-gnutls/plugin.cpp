// secure-gnutls: TLS over streams, DTLS over datagrams, mutual certificates checked by the node's identity.
//
// Threads: create and open on the control thread; a session's bytes on the thread of its path.
// Lifetime: the context lives as long as the instance and gets our certificate once the identity is loaded.
#include "context.hpp"
#include "engine.hpp"

#include <jackfield/plugin.hpp>

namespace secure_gnutls {

class GnutlsChannel final : public shared_tls::Channel {
public:
    GnutlsChannel(jackfield::Host host, std::string_view config_json)
        : GnutlsChannel(host, shared_tls::read_settings(config_json))
    {}

private:
    GnutlsChannel(jackfield::Host host, const shared_tls::Settings& settings)
        : Channel(host, settings), context_(settings, &Engine::verify)
    {
        load_credentials_if_possible();
    }

    void use_credentials(const shared_tls::Credentials& ours) override { context_.use_credentials(ours); }

    bool lets_the_identity_sign() const override { return true; }

    std::unique_ptr<jackfield::SecureEngine> make_engine(const Role& role, CheckPeer check_peer,
                                                         jackfield::EngineOutput& output) override
    {
        return std::make_unique<Engine>(context_, role, std::move(check_peer), output);
    }

    Context context_;
};

} // namespace secure_gnutls

JF_PLUGIN(secure_gnutls::GnutlsChannel);
