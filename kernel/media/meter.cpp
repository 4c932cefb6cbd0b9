// Rates and losses of an interval. See meter.hpp.

#include "kernel/media/meter.hpp"

#include "kernel/media/e_model.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace jackfield::kernel {

namespace {

using Json = nlohmann::json;

std::optional<double> number(const Json& stream, const char* key)
{
    const auto found = stream.find(key);
    return found != stream.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

double rounded(double value, double steps)
{
    return std::round(value * steps) / steps;
}

/// One stream over one interval.
class Interval {
public:
    Interval(const Json& before, const Json& after, double seconds) : before_(before), after_(after), seconds_(seconds)
    {}

    Json describe()
    {
        told_["interval_ms"] = std::round(seconds_ * 1000);
        for (const char* key :
             {"kind", "codec", "sent_width_px", "sent_height_px", "received_width_px", "received_height_px"})
            copy(key, key);
        rate("bytes_sent", "sent_bps", 8);
        rate("bytes_received", "received_bps", 8);
        for (const char* key : {"packets_sent", "packets_received", "packets_lost", "packets_late", "packets_dropped",
                                "packets_repaired"})
            count(key);
        if (after_.value("kind", "") == "video") {
            rate("frames_sent", "sent_frames_per_s", 1);
            rate("frames_decoded", "received_frames_per_s", 1);
        }
        copy("target_bps", "target_bps");
        copy("queued_packets", "queued_packets");
        copy("queued_ms", "queued_ms");
        copy("remote_fraction_lost", "remote_loss");
        copy("round_trip_ms", "round_trip_ms");
        describe_reception();
        return std::move(told_);
    }

private:
    /// How much a counter has grown; nothing where it is not counted. Late packets may take losses back.
    std::optional<double> grown(const char* key) const
    {
        const auto then = number(before_, key);
        const auto now = number(after_, key);
        return then && now ? std::optional(std::max(0.0, *now - *then)) : std::nullopt;
    }

    void copy(const char* key, const char* as)
    {
        if (!after_.contains(key))
            return;
        const auto value = number(after_, key);
        told_[as] = value && after_[key].is_number_float() ? Json(rounded(*value, 1000)) : after_[key];
    }

    void rate(const char* key, const char* as, double unit)
    {
        if (const auto growth = grown(key))
            told_[as] = rounded(*growth * unit / seconds_, 10);
    }

    void count(const char* key)
    {
        if (const auto growth = grown(key))
            told_[key] = static_cast<std::int64_t>(*growth);
    }

    /// Jitter and play-out delay mean something once a packet has come, loss if one was to come in this interval.
    void describe_reception()
    {
        if (number(after_, "packets_received").value_or(0) > 0) {
            copy("jitter_ms", "jitter_ms");
            copy("jitter_buffer_ms", "jitter_buffer_ms");
        }
        const auto received = grown("packets_received");
        const auto lost = grown("packets_lost");
        if (!received || !lost || *received + *lost <= 0)
            return;
        told_["loss"] = rounded(*lost / (*received + *lost), 10'000);
        const double unplayed = std::min(1.0, (*lost + grown("packets_late").value_or(0)) / (*received + *lost));
        estimate_quality(unplayed);
    }

    /// As it is heard here: half the round trip, then the time in the jitter buffer.
    void estimate_quality(double unplayed)
    {
        const auto codec = impairment_of(after_.value("codec", ""));
        const auto round_trip_ms = number(after_, "round_trip_ms");
        const auto buffer_ms = number(after_, "jitter_buffer_ms");
        if (!codec || !round_trip_ms || !buffer_ms)
            return;
        const double rating = transmission_rating(*round_trip_ms / 2 + *buffer_ms, unplayed, *codec);
        told_["rating"] = rounded(rating, 10);
        told_["mos"] = rounded(mos_of(rating), 100);
    }

    const Json& before_;
    const Json& after_;
    double seconds_;
    Json told_ = Json::object();
};

} // namespace

std::vector<nlohmann::json> MediaMeter::look(const std::string& statistics, std::chrono::nanoseconds since_last)
{
    std::vector<Json> told;
    const Json all = Json::parse(statistics, nullptr, false);
    Json now = all.is_object() && all.contains("streams") && all["streams"].is_array() ? all["streams"] : Json::array();
    const Json before = std::exchange(before_, std::move(now));
    const double seconds = std::chrono::duration<double>(since_last).count();
    if (before.size() != before_.size() || seconds <= 0)
        return told;
    for (std::size_t number = 0; number < before_.size(); ++number) {
        if (!before[number].is_object() || !before_[number].is_object())
            return {};
        told.push_back(Interval(before[number], before_[number], seconds).describe());
        told.back()["stream"] = number;
    }
    return told;
}

} // namespace jackfield::kernel
