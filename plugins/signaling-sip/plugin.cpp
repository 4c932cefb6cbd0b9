// signaling-sip: SIP (RFC 3261) and SDP over one secured stream per peer device, on libosip2.
//
// Threads: every method on the control thread. Lifetime: the plugin only keeps its configuration; a session is freed by
// its own release.
#include "sip_config.hpp"
#include "sip_session.hpp"

#include <jackfield/plugin.hpp>
#include <jackfield/signaling.hpp>

namespace {

class SipSignaling final : public jackfield::Signaling {
public:
    SipSignaling(jackfield::Host host, std::string_view config_json)
        : Signaling(host), config_(jackfield::sip::read_config(config_json))
    {
        jackfield::sip::prepare_osip();
    }

    std::unique_ptr<jackfield::SignalingSession> open(jackfield::Path stream, jackfield::SignalingOptions options,
                                                      jackfield::SignalingListener listener) override
    {
        return std::make_unique<jackfield::sip::SipSession>(host_, config_, stream, std::move(options), listener,
                                                            siblings_);
    }

private:
    jackfield::sip::SipConfig config_;
    std::shared_ptr<jackfield::sip::SipSession::Siblings> siblings_ =
        std::make_shared<jackfield::sip::SipSession::Siblings>();
};

} // namespace

JF_PLUGIN(SipSignaling)
