// secure-noise: Noise XX over streams and datagrams. The device's certificate vouches for the Noise key inside the
// handshake.
//
// Threads: create and open on the control thread; a session's bytes on the thread of its path.
// Lifetime: the context lives as long as the instance and gets our certificates once the identity is loaded.
#include "datagram_client.hpp"
#include "datagram_server.hpp"
#include "stream_engine.hpp"

#include <jackfield/engine_session.hpp>
#include <jackfield/plugin.hpp>

#include <shared/tls/settings.hpp>

namespace secure_noise {

using jackfield::EngineSession;
using jackfield::Failure;

class NoiseChannel final : public jackfield::SecureChannel {
public:
    NoiseChannel(jackfield::Host host, std::string_view config_json)
        : SecureChannel(host),
          settings_(shared_tls::read_settings(config_json)),
          context_(jackfield::IdentityService::of(host))
    {}

    std::unique_ptr<jackfield::SecureSession> open(jackfield::Path below, jackfield::SecureOptions options,
                                                   jackfield::SecureListener listener) override
    {
        if (options.expected.account_id.empty() && options.expected.device_id.empty())
            throw Failure(JF_BAD_INPUT, "nobody is expected at the other end: name an account or a device");
        context_.load_own_chain();
        auto session = std::make_unique<EngineSession>(host(), below, listener,
                                                       std::chrono::milliseconds(settings_.handshake_timeout_ms));
        const Role role{options.client, options.expected, std::min(settings_.mtu_bytes, session->max_datagram_bytes()),
                        settings_.retransmit_ms};
        session->start(make_engine(role, session->datagrams(), session->output_of_engine()));
        return session;
    }

private:
    std::unique_ptr<jackfield::SecureEngine> make_engine(const Role& role, bool datagrams,
                                                         jackfield::EngineOutput& output) const
    {
        if (!datagrams)
            return std::make_unique<StreamEngine>(context_, role, output);
        if (role.client)
            return std::make_unique<DatagramClient>(host(), context_, role, output);
        return std::make_unique<DatagramServer>(host(), context_, role, output);
    }

    shared_tls::Settings settings_;
    Context context_;
};

} // namespace secure_noise

JF_PLUGIN(secure_noise::NoiseChannel);
