// What every congestion controller has: a least, a most and a first rate from its configuration, within those of the
// streams.
//
// Threads: limits are read on control; bounds belong to one controller, whose calls come one after the other.
#pragma once

#include <jackfield/congestion_control.hpp>

#include <cmath>

namespace jackfield::rates {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kMsNs = 1'000'000;

inline double seconds(std::int64_t ns)
{
    return static_cast<double>(ns) / static_cast<double>(kSecondNs);
}

/// 0 where the configuration says nothing.
struct Limits {
    double min_bps = 0;
    double max_bps = 0;
    double start_bps = 0;
};

/// A number of the configuration, `otherwise` if it is not there. Throws ConfigError.
double read_number(std::string_view config_json, const char* name, double otherwise, double least, double most);

/// min_bps, max_bps, start_bps. Throws ConfigError.
Limits read_limits(std::string_view config_json);

/// The streams of a controller and what it may choose for them together.
class Bounds {
public:
    explicit Bounds(const Limits& limits) : limits_(limits) {}

    void set(std::span<const jf_rate_stream> streams) { shares_.set(streams); }

    double min_bps() const { return std::min(std::max(streams_min(), limits_.min_bps), streams_max()); }
    double max_bps() const
    {
        const double most = limits_.max_bps > 0 ? std::min(limits_.max_bps, streams_max()) : streams_max();
        return std::max(most, min_bps());
    }
    double start_bps() const
    {
        return clamp(limits_.start_bps > 0 ? limits_.start_bps : static_cast<double>(shares_.start_bps()));
    }
    /// What is no number becomes the least.
    double clamp(double bps) const { return std::isfinite(bps) ? std::clamp(bps, min_bps(), max_bps()) : min_bps(); }

    void share(double bps, jf_rate_targets& targets) const
    {
        shares_.share(static_cast<std::uint64_t>(clamp(bps)), targets);
    }

private:
    double streams_min() const { return static_cast<double>(shares_.min_bps()); }
    double streams_max() const { return static_cast<double>(shares_.max_bps()); }

    Limits limits_;
    RateShares shares_;
};

/// A rate as the boundary wants it.
inline std::uint32_t to_bps(double bps)
{
    constexpr double kMost = 4'000'000'000.0;
    return std::isfinite(bps) ? static_cast<std::uint32_t>(std::clamp(bps, 0.0, kMost)) : 0;
}

} // namespace jackfield::rates
