// What becomes of each packet of one direction: lost, late, doubled, overtaking. The same seed gives the same fates.
//
// Threads: one at a time. No clock of its own: the caller says when.
#pragma once

#include "options.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace shared_impairment {

/// When each copy of a packet comes out; none if it is lost.
struct Fate {
    std::size_t copies = 0;
    std::array<Time, 2> at{};
    bool queue_full = false; // lost because too much waits for its turn, not by chance
};

class FateTeller {
public:
    /// `stream`: nothing is lost, doubled or overtaken, because the path promises that; it is only late.
    FateTeller(const Options& options, std::uint64_t seed, bool stream)
        : options_(options), random_(seed), stream_(stream)
    {}

    /// `now` counts from the opening of the path.
    Fate next(std::size_t bytes, Time now);

private:
    bool chance(double probability);
    bool lost();
    bool blacked_out(Time now, Time& ends) const;
    std::uint64_t rate_bps(Time now) const;
    Time serialized(std::size_t bytes, Time now);

    const Options& options_;
    std::mt19937_64 random_;
    bool stream_;
    bool bad_ = false;
    Time line_free_{};    // when the last byte so far has left, at the rate
    Time last_arrival_{}; // of a stream
};

} // namespace shared_impairment
