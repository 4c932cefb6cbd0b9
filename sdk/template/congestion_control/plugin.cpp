// @ID@: congestion control. The rate rises while everything arrives, and falls when packets are lost.
//
// Threads:  open and a controller's destructor come on the control thread; all else on a media thread, one call after
//           the other. There nothing waits, allocates or throws.
// Lifetime: a controller belongs to the media of one call and is destroyed before the instance.
#include <jackfield/congestion_control.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace {

using nlohmann::json;

/// The rate of one call.
class Controller final : public jackfield::RateController {
public:
    explicit Controller(double rise) : rise_(rise) {}

    /// What is sent from now on, and within which bounds. RateShares shares one rate among the streams.
    void set_streams(std::span<const jf_rate_stream> streams, std::int64_t) noexcept override
    {
        shares_.set(streams);
        if (bps_ == 0)
            bps_ = static_cast<double>(shares_.start_bps());
    }

    /// What the peer says of packets: which came, and when. `sent` (not overridden here) tells of each when it leaves.
    void feedback(const jf_rate_feedback& feedback) noexcept override
    {
        const auto* const end = feedback.reports + feedback.report_count;
        const bool lost = std::any_of(feedback.reports, end, [](const auto& report) { return report.received == 0; });
        bps_ *= lost ? 0.85 : 1 + rise_;
        clamp();
    }

    /// Called at the latest at the time that we answer: here nothing happens by itself, so a tenth of a second is soon
    /// enough.
    std::int64_t tick(const jf_rate_moment& moment) noexcept override { return moment.now_ns + 100'000'000; }

    /// What each stream may send, how fast packets leave one after the other, and how much may be under way (0: any).
    void targets(jf_rate_targets& targets) noexcept override
    {
        clamp();
        shares_.share(static_cast<std::uint64_t>(bps_), targets);
        targets.pacing_bps = static_cast<std::uint32_t>(std::min(bps_ * 1.5, 4e9));
        targets.window_bytes = 0;
    }

private:
    void clamp()
    {
        const auto least = static_cast<double>(shares_.min_bps());
        bps_ = std::clamp(bps_, least, std::max(least, static_cast<double>(shares_.max_bps())));
    }

    double rise_;
    jackfield::RateShares shares_;
    double bps_ = 0;
};

class Control final : public jackfield::CongestionControl {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Control(jackfield::Host host, std::string_view config_json) : CongestionControl(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json rise = config.value("rise_percent", json(1));
        if (!rise.is_number_integer() || rise < 1 || rise > 50)
            throw jackfield::ConfigError("/rise_percent: expected a whole number from 1 to 50; 1 would work");
        rise_ = rise.get<double>() / 100;
    }

    std::unique_ptr<jackfield::RateController> open() override { return std::make_unique<Controller>(rise_); }

private:
    double rise_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Control)
