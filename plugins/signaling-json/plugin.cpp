// signaling-json: calls as lines of JSON over one secured stream per peer device.
//
// Threads: control. Lifetime: the plugin only keeps its configuration; a session is freed by its own release.
#include "session.hpp"

#include <jackfield/plugin.hpp>

namespace jackfield::json_signaling {

class JsonSignaling final : public Signaling {
public:
    JsonSignaling(Host host, std::string_view config_json) : Signaling(host), options_(read_options(config_json)) {}

    std::unique_ptr<SignalingSession> open(Path stream, SignalingOptions us, SignalingListener listener) override
    {
        return std::make_unique<Session>(host_, options_, stream, std::move(us), listener, siblings_);
    }

private:
    const Options options_;
    std::shared_ptr<Session::Siblings> siblings_ = std::make_shared<Session::Siblings>();
};

} // namespace jackfield::json_signaling

JF_PLUGIN(jackfield::json_signaling::JsonSignaling)
