// What a network does to packets, as the configuration says it.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace shared_impairment {

using Time = std::chrono::nanoseconds;

/// A line that is dead for a while, counted from the opening of the path.
struct Blackout {
    Time from{};
    Time until{};
};

/// A line that becomes wider or narrower, counted from the opening of the path.
struct RateChange {
    Time from{};
    std::uint64_t rate_bps = 0; // 0: no limit
};

struct Options {
    std::uint64_t seed = 1;
    bool on_send = true;
    bool on_receive = false;
    Time delay{};
    Time jitter{}; // each packet is later by up to this
    double loss = 0;
    // Gilbert and Elliott's model: packets are lost with another probability while the line is in its bad state.
    double bad_begins = 0; // probability per packet
    double bad_ends = 1;
    double loss_while_bad = 1;
    double duplicate = 0;
    double reorder = 0;                   // does not wait for the delay: it overtakes
    std::uint64_t rate_bps = 0;           // 0: no limit
    std::vector<RateChange> rates;        // from then on, in the order of time
    std::uint32_t queue_bytes = 65'536;   // wait for their turn at that rate
    std::uint32_t queue_packets = 10'000; // on their way in all
    std::vector<Blackout> blackouts;
};

/// Throws ConfigError.
Options read_options(std::string_view config_json);

} // namespace shared_impairment
