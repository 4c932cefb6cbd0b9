// A controller that halves when the peer loses much; see sdk/docs/interfaces/congestion_control.md.
#include <jackfield/congestion_control.hpp>

namespace {

// [example]
class Halving final : public jackfield::RateController {
public:
    void set_streams(std::span<const jf_rate_stream> streams, std::int64_t) noexcept override
    {
        shares_.set(streams);
        rate_bps_ = shares_.start_bps();
    }
    void reported(std::uint32_t, std::uint32_t fraction_lost, std::int64_t, std::int64_t) noexcept override
    {
        if (fraction_lost > 25) // of 256: a tenth
            rate_bps_ = std::max(shares_.min_bps(), rate_bps_ / 2);
    }
    std::int64_t tick(const jf_rate_moment&) noexcept override { return INT64_MAX; } // needs no time
    void targets(jf_rate_targets& targets) noexcept override
    {
        shares_.share(rate_bps_, targets); // within the bounds of every stream, whatever the rate
        targets.pacing_bps = 0;
        targets.window_bytes = 0;
    }

private:
    jackfield::RateShares shares_;
    std::uint64_t rate_bps_ = 0;
};
// [end]

} // namespace
