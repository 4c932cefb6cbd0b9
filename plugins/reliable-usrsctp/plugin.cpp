// reliable-usrsctp: an ordered reliable stream over a datagram path, by SCTP (RFC 9260) as RFC 8261 carries it over
// DTLS.
//
// Threads:  open on the control thread; see session.hpp for the rest.
// Lifetime: the instance keeps the process-wide engine alive, and with it the timer thread.
#include "session.hpp"

#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace reliable_usrsctp;

SessionOptions parse_config(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected an object");
    const auto milliseconds = [&](const char* name, std::chrono::milliseconds otherwise) {
        const auto value = config.value(name, otherwise.count());
        if (value < 1000 || value > 120'000)
            throw jackfield::ConfigError("/" + std::string(name) + ": must be from 1000 to 120000 milliseconds");
        return std::chrono::milliseconds(value);
    };
    SessionOptions options;
    options.handshake_timeout = milliseconds("handshake_timeout_ms", options.handshake_timeout);
    options.timeout = milliseconds("timeout_ms", options.timeout);
    return options;
}

class UsrsctpStream final : public jackfield::ReliableStream {
public:
    UsrsctpStream(jackfield::Host host, std::string_view config_json)
        : ReliableStream(host), options_(parse_config(config_json)), engine_(Engine::share())
    {}

    /// Both ends begin at once, so it does not matter which of them is the initiator.
    std::unique_ptr<jackfield::ReliableSession> open(jackfield::Path below, bool,
                                                     jackfield::ReliableListener listener) override
    {
        return std::make_unique<Session>(host_, engine_, below, listener, options_);
    }

private:
    SessionOptions options_;
    std::shared_ptr<Engine> engine_; // shared with the other instances of this process
};

} // namespace

JF_PLUGIN(UsrsctpStream)
