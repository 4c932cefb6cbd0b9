// See options.hpp and signaling-json.schema.json, which says the same to other programs.
#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::json_signaling {

namespace {

void read_option(Options& options, const std::string& name, const nlohmann::json& value)
{
    const auto number = [&](std::int64_t least, std::int64_t most) {
        if (!value.is_number_integer() || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
            throw ConfigError("/" + name + ": expected a whole number from " + std::to_string(least) + " to " +
                              std::to_string(most));
        return value.get<std::int64_t>();
    };
    if (name == "max_message_bytes")
        options.max_message_bytes = static_cast<std::size_t>(number(4096, 65536));
    else if (name == "max_waiting_bytes")
        options.max_waiting_bytes = static_cast<std::size_t>(number(65536, 67108864));
    else if (name == "max_calls")
        options.max_calls = static_cast<std::size_t>(number(1, 64));
    else if (name == "answer_timeout_ms")
        options.answer_timeout = std::chrono::milliseconds(number(100, 120000));
    else if (name == "invite_timeout_ms")
        options.invite_timeout = std::chrono::milliseconds(number(100, 120000));
    else
        throw ConfigError("/" + name +
                          ": no such option; there are max_message_bytes, max_waiting_bytes, max_calls, "
                          "answer_timeout_ms, invite_timeout_ms");
}

} // namespace

Options read_options(std::string_view config_json)
{
    const auto document = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!document.is_object())
        throw ConfigError(": expected a JSON object");
    Options options;
    for (const auto& [name, value] : document.items())
        read_option(options, name, value);
    return options;
}

} // namespace jackfield::json_signaling
