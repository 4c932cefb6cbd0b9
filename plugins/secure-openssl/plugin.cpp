// secure-openssl: TLS over streams, DTLS over datagrams, mutual certificates checked by the node's identity.
//
// Threads: create and open on the control thread; a session's bytes on the thread of its path.
// Lifetime: the contexts live as long as the instance and get our certificate once the identity is loaded.
#include "context.hpp"
#include "engine.hpp"
#include "warm_up.hpp"

#include <jackfield/plugin.hpp>

namespace secure_openssl {

using shared_tls::Settings;

class OpensslChannel final : public shared_tls::Channel {
public:
    OpensslChannel(jackfield::Host host, std::string_view config_json)
        : OpensslChannel(host, shared_tls::read_settings(config_json))
    {}

private:
    OpensslChannel(jackfield::Host host, const Settings& settings)
        : Channel(host, settings), stream_(make_context(settings, false)), datagram_(make_context(settings, true))
    {
        warm_up(settings, false, stream_.get());
        warm_up(settings, true, datagram_.get());
        load_credentials_if_possible();
    }

    void use_credentials(const shared_tls::Credentials& ours) override
    {
        secure_openssl::use_credentials(stream_.get(), ours);
        secure_openssl::use_credentials(datagram_.get(), ours);
    }

    std::unique_ptr<jackfield::SecureEngine> make_engine(const Role& role, CheckPeer check_peer,
                                                         jackfield::EngineOutput& output) override
    {
        SSL_CTX* context = role.datagrams ? datagram_.get() : stream_.get();
        return std::make_unique<Engine>(context, role, std::move(check_peer), output);
    }

    ContextPtr stream_;
    ContextPtr datagram_;
};

} // namespace secure_openssl

JF_PLUGIN(secure_openssl::OpensslChannel);
