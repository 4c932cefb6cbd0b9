// What a network does to packets. See options.hpp.

#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace shared_impairment {

namespace {

using nlohmann::json;

Time milliseconds(const json& object, const char* name)
{
    const double value = object.value(name, 0.0);
    if (value < 0 || value > 600'000)
        throw jackfield::ConfigError("/" + std::string(name) + ": must be from 0 to 600000 milliseconds");
    return Time(static_cast<std::int64_t>(value * 1e6));
}

double probability(const json& object, const char* name, double otherwise)
{
    const double value = object.value(name, otherwise);
    if (value < 0 || value > 1)
        throw jackfield::ConfigError("/" + std::string(name) + ": must be a probability, from 0 to 1");
    return value;
}

std::vector<Blackout> read_blackouts(const json& config)
{
    std::vector<Blackout> blackouts;
    for (const auto& one : config.value("blackouts", json::array())) {
        const Time from = milliseconds(one, "at_ms");
        blackouts.push_back({from, from + milliseconds(one, "for_ms")});
    }
    return blackouts;
}

std::vector<RateChange> read_rates(const json& config)
{
    std::vector<RateChange> rates;
    for (const auto& one : config.value("rates", json::array())) {
        rates.push_back({milliseconds(one, "at_ms"), one.value("rate_bps", std::uint64_t{0})});
        if (rates.size() > 1 && rates.back().from < rates[rates.size() - 2].from)
            throw jackfield::ConfigError("/rates/" + std::to_string(rates.size() - 1) +
                                         "/at_ms: must not be before the one in front of it");
    }
    return rates;
}

} // namespace

Options read_options(std::string_view config_json)
{
    const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected an object");
    Options options;
    options.seed = config.value("seed", options.seed);
    const std::string direction = config.value("direction", "send");
    options.on_send = direction != "receive";
    options.on_receive = direction != "send";
    options.delay = milliseconds(config, "delay_ms");
    options.jitter = milliseconds(config, "jitter_ms");
    options.loss = probability(config, "loss", 0);
    if (const auto burst = config.find("burst"); burst != config.end()) {
        options.bad_begins = probability(*burst, "begins", 0);
        options.bad_ends = probability(*burst, "ends", 1);
        options.loss_while_bad = probability(*burst, "loss", 1);
    }
    options.duplicate = probability(config, "duplicate", 0);
    options.reorder = probability(config, "reorder", 0);
    options.rate_bps = config.value("rate_bps", options.rate_bps);
    options.rates = read_rates(config);
    options.queue_bytes = config.value("queue_bytes", options.queue_bytes);
    options.queue_packets = config.value("queue_packets", options.queue_packets);
    options.blackouts = read_blackouts(config);
    return options;
}

} // namespace shared_impairment
