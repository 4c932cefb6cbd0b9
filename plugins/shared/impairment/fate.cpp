// What becomes of each packet. See fate.hpp.

#include "fate.hpp"

#include <algorithm>

namespace shared_impairment {

namespace {

constexpr double kSecondNs = 1e9;

} // namespace

/// Every decision draws, also those that cannot come true, so that changing one option does not shuffle the others.
bool FateTeller::chance(double probability)
{
    constexpr double kStep = 1.0 / 9007199254740992.0; // 2^-53: the same numbers with every standard library
    return static_cast<double>(random_() >> 11) * kStep < probability;
}

bool FateTeller::lost()
{
    const bool by_chance = chance(options_.loss);
    const bool in_burst = chance(options_.loss_while_bad) && bad_;
    bad_ = bad_ ? !chance(options_.bad_ends) : chance(options_.bad_begins);
    return by_chance || in_burst;
}

bool FateTeller::blacked_out(Time now, Time& ends) const
{
    const auto dark = std::ranges::find_if(
        options_.blackouts, [now](const Blackout& blackout) { return now >= blackout.from && now < blackout.until; });
    if (dark == options_.blackouts.end())
        return false;
    ends = dark->until;
    return true;
}

std::uint64_t FateTeller::rate_bps(Time now) const
{
    std::uint64_t rate = options_.rate_bps;
    for (const RateChange& change : options_.rates) {
        if (now >= change.from)
            rate = change.rate_bps;
    }
    return rate;
}

/// When its last byte has left a line of that rate, behind all that was sent before.
Time FateTeller::serialized(std::size_t bytes, Time now)
{
    const std::uint64_t rate = rate_bps(now);
    if (rate == 0)
        return now;
    const double seconds = static_cast<double>(bytes) * 8 / static_cast<double>(rate);
    line_free_ = std::max(line_free_, now) + Time(static_cast<std::int64_t>(seconds * kSecondNs));
    return line_free_;
}

Fate FateTeller::next(std::size_t bytes, Time now)
{
    Fate fate;
    const bool is_lost = lost();
    const bool doubled = chance(options_.duplicate);
    const bool overtakes = chance(options_.reorder);
    const auto jitter = [&] { return Time(static_cast<std::int64_t>(random_() % (options_.jitter.count() + 1ULL))); };
    const Time late[] = {jitter(), jitter()};

    const double waiting =
        static_cast<double>((line_free_ - now).count()) / kSecondNs * static_cast<double>(rate_bps(now)) / 8;
    if (waiting > static_cast<double>(options_.queue_bytes)) {
        fate.queue_full = true;
        return fate;
    }
    const Time left = serialized(bytes, now);
    Time dark_until{};
    const bool dark = blacked_out(left, dark_until);
    if (stream_) {
        // What TCP below would do: hold it back until the line is there again, and never out of order.
        last_arrival_ = std::max(last_arrival_, std::max(left, dark_until) + options_.delay + late[0]);
        fate.copies = 1;
        fate.at[0] = last_arrival_;
        return fate;
    }
    if (is_lost || dark)
        return fate;
    fate.copies = doubled ? 2 : 1;
    fate.at[0] = overtakes ? left : left + options_.delay + late[0];
    fate.at[1] = left + options_.delay + late[1];
    return fate;
}

} // namespace shared_impairment
