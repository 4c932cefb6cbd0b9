// How far an encoder of pictures is ahead of the rate it was told, so that pictures are left out before they would
// wait.
//
// An encoder that cannot make pictures small enough sends them all the same; then fewer of them is the better way.
// Threads:  one source's; the rate may come from any.
// Lifetime: a member of the stream.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace jackfield::kernel {

class RateDebt {
public:
    /// bits_per_second 0: no rate was told, and nothing is ever left out.
    bool should_skip(std::uint32_t bits_per_second, std::int64_t now_ns)
    {
        const double passed_s = std::clamp(static_cast<double>(now_ns - last_ns_) / 1e9, 0.0, kForgetS);
        last_ns_ = now_ns;
        bits_ = bits_per_second == 0 ? 0 : std::max(bits_ - passed_s * bits_per_second, 0.0);
        return bits_ > kMostS * bits_per_second;
    }

    void made(std::size_t bytes) { bits_ += static_cast<double>(bytes) * 8; }

private:
    static constexpr double kMostS = 0.4; // a key frame is worth several pictures
    static constexpr double kForgetS = 2;

    double bits_ = 0;
    std::int64_t last_ns_ = 0;
};

} // namespace jackfield::kernel
