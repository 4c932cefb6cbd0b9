// media-plain: RTP and RTCP over datagram paths as they are (RFC 3550), for experiments that want to see the media.
//
// Threads: create, open and destroy on control; capabilities and make_key on any thread.
// Lifetime: an instance has no state but its options.
#include <jackfield/plugin.hpp>
#include <shared/rtp/options.hpp>
#include <shared/rtp/session.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace jackfield;

/// Whether paths will do that are not encrypted below.
bool read_insecure(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    const auto meant = config.is_object() ? config.value("insecure", nlohmann::json()) : nlohmann::json();
    if (!meant.is_boolean())
        throw ConfigError("/insecure: expected true, because media-plain does not encrypt and wants to be told that "
                          "this is meant; or false, for paths that are encrypted below");
    return meant.get<bool>();
}

class PlainTransport final : public MediaTransport {
public:
    PlainTransport(Host host, std::string_view config_json) : MediaTransport(host)
    {
        insecure_ = read_insecure(config_json);
        options_ = rtp::read_rtp_options(config_json);
        if (insecure_)
            host_.warning("media-plain: sound and pictures are NOT encrypted");
    }

    std::string capabilities() override
    {
        return R"({"profile": "RTP/AVP", "suites": [], "feedback": ["nack", "nack pli", "ccm fir", "ack ccfb"],
                   "retransmission": true, "telephone_events": true})";
    }

    std::string make_key(std::string_view) override
    {
        throw Failure(JF_UNSUPPORTED, "this transport does not encrypt: it has no keys");
    }

    std::unique_ptr<MediaSession> open(std::string_view config_json, std::vector<Path> paths,
                                       MediaListener listener) override
    {
        const auto read = [insecure = insecure_](std::string_view json, const std::vector<Path>& below) {
            for (const auto& path : below) {
                if (!insecure && path.describe().secured == 0)
                    throw Failure(JF_UNSUPPORTED, "this path is not encrypted, and \"insecure\" is false");
            }
            return rtp::read_session_config(json, {{}, /*allow_unencrypted=*/true}, below.size());
        };
        const auto config = read(config_json, paths);
        return std::make_unique<rtp::Session>(host_, options_, read, config, std::move(paths), listener);
    }

private:
    bool insecure_ = false;
    rtp::RtpOptions options_;
};

} // namespace

JF_PLUGIN(PlainTransport);
