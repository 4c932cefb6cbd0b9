// Reads options. See options.hpp.

#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>
#include <string>

namespace audio_webrtc {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kEchoWords[] = {"low", "moderate", "high"};
constexpr std::string_view kNoiseWords[] = {"off", "low", "moderate", "high", "very-high"};

void read(const Json& config, const char* key, bool& value)
{
    const auto found = config.find(key);
    if (found == config.end())
        return;
    if (!found->is_boolean())
        throw jackfield::ConfigError("/" + std::string(key) + ": expected true or false");
    value = found->get<bool>();
}

/// The position of the word; `otherwise` if there is none.
int read_word(const Json& config, const char* key, std::span<const std::string_view> words, int otherwise)
{
    const auto found = config.find(key);
    if (found == config.end())
        return otherwise;
    const auto word = found->is_string() ? std::ranges::find(words, found->get_ref<const std::string&>()) : words.end();
    if (word == words.end()) {
        std::string all;
        for (const auto& one : words)
            all += (all.empty() ? "" : ", ") + std::string(one);
        throw jackfield::ConfigError("/" + std::string(key) + ": expected one of " + all);
    }
    return static_cast<int>(word - words.begin());
}

int read_number(const Json& from, const char* key, int least, int most, int otherwise)
{
    const auto found = from.find(key);
    if (found == from.end())
        return otherwise;
    if (!found->is_number_integer() || found->get<std::int64_t>() < least || found->get<std::int64_t>() > most)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected a whole number from " +
                                     std::to_string(least) + " to " + std::to_string(most));
    return found->get<int>();
}

} // namespace

Options read_options(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected a JSON object; {} would work");
    Options options;
    read(config, "echo_cancellation", options.echo_cancellation);
    read(config, "gain_control", options.gain_control);
    read(config, "high_pass", options.high_pass);
    options.echo_suppression = read_word(config, "echo_suppression", kEchoWords, options.echo_suppression);
    options.delay_ms = read_number(config, "delay_ms", 0, 500, options.delay_ms);
    const int noise = read_word(config, "noise_suppression", kNoiseWords, 2);
    options.noise_suppression = noise == 0 ? std::nullopt : std::optional(noise - 1);
    return options;
}

Form read_form(std::string_view form_json)
{
    const Json form = Json::parse(form_json, nullptr, /*allow_exceptions=*/false);
    if (!form.is_object())
        throw jackfield::Failure(JF_BAD_INPUT, "the form of the sound is no JSON object");
    try {
        const Form read{read_number(form, "sample_rate_hz", 8000, 192'000, 0), read_number(form, "channels", 1, 8, 0)};
        if (read.sample_rate_hz == 0 || read.channels == 0 || read.sample_rate_hz % 100 != 0)
            throw jackfield::Failure(JF_UNSUPPORTED, "sound without a rate of hundreds of hertz, or without channels");
        return read;
    } catch (const jackfield::ConfigError& error) {
        throw jackfield::Failure(JF_UNSUPPORTED, error.what());
    }
}

} // namespace audio_webrtc
