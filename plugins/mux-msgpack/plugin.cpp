// mux-msgpack: named channels over one stream, as Jami multiplexes them.
//
// Threads and lifetime: see session.hpp.
#include "session.hpp"

#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace mux_msgpack {
namespace {

std::size_t read_number(const nlohmann::json& config, const char* key, std::size_t otherwise, std::size_t least,
                        std::size_t most)
{
    const auto found = config.find(key);
    if (found == config.end())
        return otherwise;
    if (!found->is_number_unsigned() || *found < least || *found > most)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected a whole number from " +
                                     std::to_string(least) + " to " + std::to_string(most));
    return found->get<std::size_t>();
}

class Msgpack final : public jackfield::Multiplexer {
public:
    Msgpack(jackfield::Host host, std::string_view config_json) : Multiplexer(host)
    {
        const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError("/: expected an object");
        options_.unread_bytes = read_number(config, "unread_bytes", options_.unread_bytes, 65'536, 16'777'216);
        options_.max_channels = read_number(config, "max_channels", options_.max_channels, 1, 4096);
    }

    std::unique_ptr<jackfield::MultiplexerSession> open(jackfield::Path below, bool,
                                                        jackfield::MultiplexerListener listener) override
    {
        return std::make_unique<Session>(host_, below, listener, options_); // both ends are the same
    }

private:
    Options options_;
};

} // namespace
} // namespace mux_msgpack

JF_PLUGIN(mux_msgpack::Msgpack)
