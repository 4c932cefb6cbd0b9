// cc-fixed: one rate from the configuration, whatever the network does. For experiments, and to measure others against.
//
// Threads: see <jackfield/abi/congestion_control.h>.
#include <jackfield/plugin.hpp>
#include <shared/rates/limits.hpp>

namespace {

using namespace jackfield;

struct Options {
    rates::Limits limits;
    double pacing_factor = 0; ///< of the rate; 0: packets leave at once
};

class FixedRate final : public RateController {
public:
    explicit FixedRate(const Options& options) : options_(options), bounds_(options.limits) {}

    void set_streams(std::span<const jf_rate_stream> streams, std::int64_t) noexcept override { bounds_.set(streams); }
    std::int64_t tick(const jf_rate_moment&) noexcept override { return INT64_MAX; }
    void targets(jf_rate_targets& targets) noexcept override
    {
        bounds_.share(bounds_.start_bps(), targets);
        targets.pacing_bps = rates::to_bps(bounds_.start_bps() * options_.pacing_factor);
        targets.window_bytes = 0;
    }

private:
    Options options_;
    rates::Bounds bounds_;
};

class Fixed final : public CongestionControl {
public:
    Fixed(Host host, std::string_view config_json) : CongestionControl(host)
    {
        options_.limits.start_bps = rates::read_number(config_json, "rate_bps", 0, 0, 1e9);
        options_.pacing_factor = rates::read_number(config_json, "pacing_factor", 1.5, 0, 100);
    }

    std::unique_ptr<RateController> open() override { return std::make_unique<FixedRate>(options_); }

private:
    Options options_;
};

} // namespace

JF_PLUGIN(Fixed)
