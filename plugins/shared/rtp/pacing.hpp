// When the next packet may leave, so that packets of pictures go out at a rate and not all at once.
//
// Threads: guarded by the lock of the session's rate control.
#pragma once

#include <algorithm>
#include <cstdint>

namespace jackfield::rtp {

class Pacing {
public:
    /// 0: no limit.
    void set_rate(std::uint32_t bps) { bps_ = bps; }

    /// A timer is not more exact than this: so much goes out ahead of its time.
    static constexpr std::int64_t kBurstNs = 5'000'000;

    std::int64_t next_ns() const { return bps_ == 0 ? 0 : free_ns_ - kBurstNs; }
    bool may_send(std::int64_t now_ns) const { return now_ns >= next_ns(); }

    /// Something left: also what did not have to wait takes its time.
    void sent(std::uint32_t bytes, std::int64_t now_ns)
    {
        if (bps_ == 0)
            return;
        const std::int64_t takes_ns = std::int64_t{bytes} * 8 * 1'000'000'000 / bps_;
        free_ns_ = std::max(free_ns_, now_ns) + std::min<std::int64_t>(takes_ns, 1'000'000'000);
    }

private:
    std::uint32_t bps_ = 0;
    std::int64_t free_ns_ = 0; // all that has left would be through by then
};

} // namespace jackfield::rtp
