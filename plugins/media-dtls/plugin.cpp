// media-dtls: RTP and RTCP over datagram paths, protected by SRTP whose keys come of a DTLS handshake on the same path
// (RFC 5763, 5764).
//
// Threads: create, open and destroy on control; capabilities and make_key on any thread.
// Lifetime: the certificate lives as long as the instance.
#include "session.hpp"

#include <jackfield/plugin.hpp>
#include <shared/srtp/srtp_context.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace jackfield;

class DtlsTransport final : public MediaTransport {
public:
    DtlsTransport(Host host, std::string_view config_json)
        : MediaTransport(host), options_(media_dtls::read_options(config_json)), context_(host, options_)
    {
        media_dtls::Handshake::install(context_.context());
    }

    std::string capabilities() override
    {
        return nlohmann::json{{"profile", "UDP/TLS/RTP/SAVP"},
                              {"suites", nlohmann::json::array()},
                              {"dtls", true},
                              {"fingerprint", context_.fingerprint()},
                              {"feedback", {"nack", "nack pli", "ccm fir", "ack ccfb"}},
                              {"retransmission", true},
                              {"telephone_events", true}}
            .dump();
    }

    std::string make_key(std::string_view) override
    {
        throw Failure(JF_UNSUPPORTED, "keys of this transport come of the handshake on the media path");
    }

    std::unique_ptr<MediaSession> open(std::string_view config_json, std::vector<Path> paths,
                                       MediaListener listener) override
    {
        library_.finish();
        return std::make_unique<media_dtls::Session>(host_, context_, config_json, paths, listener);
    }

private:
    const media_dtls::Options options_;
    const media_dtls::DtlsContext context_;
    srtp::LibraryStart library_;
};

} // namespace

JF_PLUGIN(DtlsTransport);
