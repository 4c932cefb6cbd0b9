// media-srtp: RTP and RTCP over datagram paths, protected by SRTP (RFC 3550, 3711, 7714).
//
// Threads: create, open and destroy on control; capabilities and make_key on any thread.
// Lifetime: libsrtp2 is started when the first instance is made, on a thread of its own, and lives as long as the
// process.
#include "options.hpp"

#include <jackfield/plugin.hpp>
#include <shared/base64/base64.hpp>
#include <shared/rtp/session.hpp>
#include <shared/srtp/srtp_context.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace jackfield;

class SrtpTransport final : public MediaTransport {
public:
    SrtpTransport(Host host, std::string_view config_json)
        : MediaTransport(host), options_(media_srtp::read_options(config_json))
    {}

    std::string capabilities() override
    {
        nlohmann::json suites = nlohmann::json::array();
        for (const rtp::Suite* suite : options_.suites)
            suites.push_back(suite->name);
        return nlohmann::json{{"profile", "RTP/SAVP"},
                              {"suites", suites},
                              {"feedback", {"nack", "nack pli", "ccm fir", "ack ccfb"}},
                              {"retransmission", true},
                              {"telephone_events", true}}
            .dump();
    }

    std::string make_key(std::string_view suite_name) override
    {
        const rtp::Suite* suite = options_.find(suite_name);
        if (suite == nullptr)
            throw Failure(JF_UNSUPPORTED, "no suite \"" + std::string(suite_name) + "\" in this configuration");
        Bytes key(suite->key_bytes + suite->salt_bytes);
        host_.random(key);
        return encode_base64(key);
    }

    std::unique_ptr<MediaSession> open(std::string_view config_json, std::vector<Path> paths,
                                       MediaListener listener) override
    {
        const auto read = [this](std::string_view json, const std::vector<Path>& below) {
            return rtp::read_session_config(json, options_, below.size());
        };
        const auto config = read(config_json, paths);
        library_.finish();
        return std::make_unique<rtp::Session>(host_, options_, read, config, std::move(paths), listener);
    }

private:
    media_srtp::Options options_;
    srtp::LibraryStart library_;
};

} // namespace

JF_PLUGIN(SrtpTransport);
