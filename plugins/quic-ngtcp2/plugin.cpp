// quic-ngtcp2: one QUIC connection that is secure channel and multiplexer, over a path of datagrams.
//
// Threads: create and open on the control thread; a connection's bytes on the thread of its path.
// Lifetime: the engine lives as long as the instance and gets our certificate once the identity is loaded.
#include "session.hpp"

#include <jackfield/plugin.hpp>

namespace {

using namespace quic_ngtcp2;

class QuicChannels final : public shared_tls::CertifiedChannel {
public:
    QuicChannels(jackfield::Host host, std::string_view config_json)
        : CertifiedChannel(host), options_(read_options(config_json)), engine_(&Core::verify)
    {
        load_credentials_if_possible();
    }

    std::unique_ptr<jackfield::SecureSession> open(jackfield::Path below, jackfield::SecureOptions options,
                                                   jackfield::SecureListener listener) override
    {
        auto check_peer = prepare(options);
        const auto core =
            std::make_shared<Core>(host(), below, options.client, engine_, std::move(check_peer), listener, options_);
        auto session = std::make_unique<Session>(core, host());
        core->start(session->secured_path());
        return session;
    }

private:
    void use_credentials(const shared_tls::Credentials& ours) override { engine_.use_credentials(ours); }
    bool lets_the_identity_sign() const override { return true; }

    Options options_;
    Engine engine_;
};

} // namespace

JF_PLUGIN(QuicChannels);
