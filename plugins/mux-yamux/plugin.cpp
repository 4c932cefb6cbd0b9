// mux-yamux: named channels over one stream, by yamux.
//
// Threads and lifetime: see session.hpp.
#include "session.hpp"

#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace mux_yamux;

class Yamux final : public jackfield::Multiplexer {
public:
    Yamux(jackfield::Host host, std::string_view config_json) : Multiplexer(host)
    {
        const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected an object");
        options_.window_bytes = config.value("window_bytes", options_.window_bytes);
        if (options_.window_bytes < kFirstWindow)
            throw jackfield::ConfigError("/window_bytes: must be at least 262144, which yamux gives before it is told");
        options_.max_window_bytes =
            config.value("max_window_bytes", std::max(options_.max_window_bytes, options_.window_bytes));
        if (options_.max_window_bytes < options_.window_bytes)
            throw jackfield::ConfigError("/max_window_bytes: is less than window_bytes, from which a window grows");
        options_.session_growth_bytes = config.value("session_growth_bytes", options_.session_growth_bytes);
        options_.max_channels = config.value("max_channels", options_.max_channels);
    }

    std::unique_ptr<jackfield::MultiplexerSession> open(jackfield::Path below, bool initiator,
                                                        jackfield::MultiplexerListener listener) override
    {
        return std::make_unique<Session>(host_, below, initiator, listener, options_);
    }

private:
    Options options_;
};

} // namespace

JF_PLUGIN(Yamux)
