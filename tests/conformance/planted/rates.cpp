// A rate that falls by losses and rises without; correct but for one bug.
//
// Threads: see <jackfield/abi/congestion_control.h>.
#include "planted.hpp"

#include <jackfield/congestion_control.hpp>
#include <jackfield/plugin.hpp>

namespace {

using namespace jackfield;
using planted::has;

int opened = 0;

class Rate final : public RateController {
public:
    void set_streams(std::span<const jf_rate_stream> streams, std::int64_t) noexcept override
    {
        shares_.set(streams);
        if (bps_ == 0)
            bps_ = static_cast<double>(shares_.start_bps()) + (has("JF-CC-04") ? 1000 * ++opened : 0);
    }
    void feedback(const jf_rate_feedback& feedback) noexcept override
    {
        for (std::size_t i = 0; i < feedback.report_count; ++i) {
            const bool lost = feedback.reports[i].received == 0 && !has("JF-CC-05");
            bps_ *= lost ? 0.97 : 1.001;
            if (has("JF-CC-02") && feedback.reports[i].arrival_ns < 0)
                liar_ = true;
        }
    }
    std::int64_t tick(const jf_rate_moment& moment) noexcept override
    {
        return has("JF-CC-03") ? moment.now_ns : moment.now_ns + 100'000'000;
    }
    void targets(jf_rate_targets& targets) noexcept override
    {
        bps_ = std::clamp(bps_, static_cast<double>(shares_.min_bps()), static_cast<double>(shares_.max_bps()));
        shares_.share(static_cast<std::uint64_t>(bps_), targets);
        if (has("JF-CC-01"))
            targets.stream_bps[0] += 100'000;
        targets.pacing_bps = liar_ ? 1 : static_cast<std::uint32_t>(bps_ * 2);
        targets.window_bytes = 0;
    }

private:
    RateShares shares_;
    double bps_ = 0;
    bool liar_ = false;
};

class Reference final : public CongestionControl {
public:
    Reference(Host host, std::string_view config_json) : CongestionControl(host) { planted::look_at(config_json); }
    std::unique_ptr<RateController> open() override { return std::make_unique<Rate>(); }
};

} // namespace

JF_PLUGIN(Reference);
