// secure-none: the path as it is, for experiments that want to see every byte.
//
// Threads: create and open on the control thread; a session's bytes on the thread of its path.
// Lifetime: an instance has no state but its settings.
#include "session.hpp"

#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace secure_none {
namespace {

using nlohmann::json;

jackfield::Nanoseconds read_ms(const json& config, const char* name, jackfield::Nanoseconds otherwise, int least,
                               int most)
{
    const auto found = config.find(name);
    if (found == config.end())
        return otherwise;
    if (!found->is_number_integer() || *found < least || *found > most)
        throw jackfield::ConfigError("/" + std::string(name) + ": expected a whole number from " +
                                     std::to_string(least) + " to " + std::to_string(most));
    return std::chrono::milliseconds(found->get<int>());
}

Settings read_settings(std::string_view config_json)
{
    const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError("/: expected an object");
    if (config.value("insecure", json()) != true)
        throw jackfield::ConfigError("/insecure: expected true: secure-none does not encrypt and proves nobody, so it "
                                     "wants to be told that this is meant");
    Settings settings;
    settings.retransmit = read_ms(config, "retransmit_ms", settings.retransmit, 10, 10'000);
    settings.timeout = read_ms(config, "handshake_timeout_ms", settings.timeout, 100, 120'000);
    return settings;
}

class NoChannel final : public jackfield::SecureChannel {
public:
    NoChannel(jackfield::Host host, std::string_view config_json)
        : SecureChannel(host), settings_(read_settings(config_json))
    {
        host.warning("secure-none: the control path is NOT encrypted, and no peer is proven");
    }

    std::unique_ptr<jackfield::SecureSession> open(jackfield::Path below, jackfield::SecureOptions options,
                                                   jackfield::SecureListener listener) override
    {
        auto session = std::make_unique<Session>(host(), below, options.client, listener, settings_);
        session->start();
        return session;
    }

private:
    Settings settings_;
};

} // namespace
} // namespace secure_none

JF_PLUGIN(secure_none::NoChannel);
