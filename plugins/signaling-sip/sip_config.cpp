// Reads the configuration: see the header and signaling-sip.schema.json, which says the same to other programs.
//
// Threads: the control thread.
#include "sip_config.hpp"

#include "sip_text.hpp"

#include <jackfield/abi/path.h>

#include <nlohmann/json.hpp>

namespace jackfield::sip {
namespace {

using nlohmann::json;

std::int64_t read_number(const json& value, const std::string& at, std::int64_t least, std::int64_t most)
{
    if (!value.is_number_integer() || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
        throw ConfigError(at + ": expected a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most));
    return value.get<std::int64_t>();
}

std::string read_text(const json& value, const std::string& at, bool (*good)(std::string_view), const char* expected)
{
    if (!value.is_string() || !good(value.get_ref<const std::string&>()))
        throw ConfigError(at + ": expected " + expected);
    return value.get<std::string>();
}

bool read_switch(const json& value, const std::string& at)
{
    if (!value.is_boolean())
        throw ConfigError(at + ": expected true or false");
    return value.get<bool>();
}

bool is_user_agent(std::string_view text)
{
    return !text.empty() && text.size() <= 100 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_domain(std::string_view text)
{
    return !text.empty() && text.size() <= 253 && text.front() != '.' && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '-';
           });
}

void read_option(SipConfig& config, const std::string& name, const json& value)
{
    const std::string at = "/" + name;
    const auto size = [&](std::int64_t least, std::int64_t most) {
        return static_cast<std::size_t>(read_number(value, at, least, most));
    };
    if (name == "user_agent")
        config.user_agent = read_text(value, at, is_user_agent, "1 to 100 printable ASCII characters");
    else if (name == "domain")
        config.domain = read_text(value, at, is_domain, "a host name");
    else if (name == "ice")
        config.ice = read_switch(value, at);
    else if (name == "max_message_bytes")
        config.limits.message_bytes = size(4096, JF_STREAM_SEND_MAX);
    else if (name == "max_header_bytes")
        config.limits.header_bytes = size(2048, JF_STREAM_SEND_MAX);
    else if (name == "max_waiting_bytes")
        config.max_waiting_bytes = size(JF_STREAM_SEND_MAX, 67108864);
    else if (name == "max_calls")
        config.max_calls = size(1, 64);
    else if (name == "transaction_timeout_ms")
        config.timeouts.request = std::chrono::milliseconds(read_number(value, at, 100, 120000));
    else if (name == "invite_timeout_ms")
        config.timeouts.invite = std::chrono::milliseconds(read_number(value, at, 100, 120000));
    else
        throw ConfigError(at +
                          ": no such option; there are user_agent, domain, ice, max_message_bytes, max_header_bytes, "
                          "max_waiting_bytes, max_calls, transaction_timeout_ms, invite_timeout_ms");
}

} // namespace

SipConfig read_config(std::string_view config_json)
{
    const json document = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!document.is_object())
        throw ConfigError(": expected a JSON object");
    SipConfig config;
    for (const auto& [name, value] : document.items())
        read_option(config, name, value);
    return config;
}

} // namespace jackfield::sip
