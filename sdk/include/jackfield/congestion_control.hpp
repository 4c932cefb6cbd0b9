// jackfield.congestion_control/1: derive from CongestionControl and RateController to say how fast a call sends.
//
// Threads: open and the controller's destructor run on control; everything else is [media], one call after the other,
// neither allocates nor blocks and cannot throw.
#pragma once

#include <jackfield/abi/congestion_control.h>
#include <jackfield/completion.hpp>

#include <array>
#include <memory>
#include <string>

namespace jackfield {

/// The streams of a controller, and how one rate is shared among them.
class RateShares {
public:
    void set(std::span<const jf_rate_stream> streams)
    {
        count_ = std::min<std::size_t>(streams.size(), JF_RATE_STREAMS_MAX);
        for (std::size_t i = 0; i < count_; ++i) {
            streams_[i] = streams[i];
            streams_[i].min_bps = std::min(streams_[i].min_bps, streams_[i].max_bps);
        }
    }

    std::uint64_t min_bps() const { return sum(&jf_rate_stream::min_bps); }
    std::uint64_t max_bps() const { return sum(&jf_rate_stream::max_bps); }
    std::uint64_t start_bps() const
    {
        return std::clamp(sum(&jf_rate_stream::start_bps), min_bps(), std::max(min_bps(), max_bps()));
    }

    /// Everybody gets the least; of the rest sound has its fill first, pictures share by what they could use.
    void share(std::uint64_t total_bps, jf_rate_targets& targets) const
    {
        std::uint64_t rest = total_bps > min_bps() ? total_bps - min_bps() : 0;
        std::uint64_t wanted = 0; // by pictures
        for (std::size_t i = 0; i < count_; ++i)
            wanted += streams_[i].kind == JF_AUDIO ? 0 : room(i);
        const std::size_t count = std::min<std::size_t>(targets.stream_count, count_);
        for (std::size_t i = 0; i < count; ++i) {
            if (streams_[i].kind != JF_AUDIO)
                continue;
            const std::uint64_t more = std::min(rest, room(i));
            targets.stream_bps[i] = static_cast<std::uint32_t>(streams_[i].min_bps + more);
            rest -= more;
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (streams_[i].kind == JF_AUDIO)
                continue;
            const std::uint64_t more = wanted == 0 ? 0 : std::min(room(i), rest * room(i) / wanted);
            targets.stream_bps[i] = static_cast<std::uint32_t>(streams_[i].min_bps + more);
        }
        for (std::size_t i = count; i < targets.stream_count; ++i)
            targets.stream_bps[i] = 0;
    }

private:
    std::uint64_t room(std::size_t i) const { return streams_[i].max_bps - streams_[i].min_bps; }
    std::uint64_t sum(std::uint32_t jf_rate_stream::* member) const
    {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < count_; ++i)
            all += streams_[i].*member;
        return all;
    }

    std::array<jf_rate_stream, JF_RATE_STREAMS_MAX> streams_{};
    std::size_t count_ = 0;
};

/// The controller of one session.
class RateController {
public:
    virtual ~RateController() = default;

    virtual void set_streams(std::span<const jf_rate_stream> streams, std::int64_t now_ns) noexcept = 0; ///< [media]
    virtual void sent(const jf_sent_packet&) noexcept {}                                                 ///< [media]
    virtual void feedback(const jf_rate_feedback&) noexcept {}                                           ///< [media]
    virtual void reported(std::uint32_t /*stream*/, std::uint32_t /*fraction_lost*/, std::int64_t /*round_trip_ns*/,
                          std::int64_t /*now_ns*/) noexcept
    {}                                                                    ///< [media]
    virtual std::int64_t tick(const jf_rate_moment& moment) noexcept = 0; ///< [media]
    virtual void targets(jf_rate_targets& targets) noexcept = 0;          ///< [media]
    virtual std::string statistics() { return "{}"; }                     ///< [media] may allocate

    static const jf_rate_controller_methods kMethods;
};

class CongestionControl : public Instance {
public:
    using Interface = CongestionControl;
    static constexpr std::string_view kInterfaceId = JF_CONGESTION_CONTROL_INTERFACE;

    using Instance::Instance;

    virtual std::unique_ptr<RateController> open() = 0; ///< [control] Throws Failure.

    static const jf_congestion_control_methods kMethods;
};

namespace detail {
inline RateController& rate_controller(void* self)
{
    return *static_cast<RateController*>(self);
}
} // namespace detail

inline constexpr jf_rate_controller_methods RateController::kMethods{
    sizeof(jf_rate_controller_methods),
    0,
    [](void* self, const jf_rate_stream* streams, std::size_t count, std::int64_t now_ns) {
        detail::rate_controller(self).set_streams({streams, count}, now_ns);
    },
    [](void* self, const jf_sent_packet* packet) { detail::rate_controller(self).sent(*packet); },
    [](void* self, const jf_rate_feedback* feedback) { detail::rate_controller(self).feedback(*feedback); },
    [](void* self, std::uint32_t stream, std::uint32_t fraction_lost, std::int64_t round_trip_ns, std::int64_t now_ns) {
        detail::rate_controller(self).reported(stream, fraction_lost, round_trip_ns, now_ns);
    },
    [](void* self, const jf_rate_moment* moment) { return detail::rate_controller(self).tick(*moment); },
    [](void* self, jf_rate_targets* targets) { detail::rate_controller(self).targets(*targets); },
    [](void* self) { delete static_cast<RateController*>(self); },
    [](void* self, jf_writer json) {
        guarded(nullptr, [&] { write_to(json, std::string_view(detail::rate_controller(self).statistics())); });
    }};

inline constexpr jf_congestion_control_methods CongestionControl::kMethods{
    sizeof(jf_congestion_control_methods), 0, [](void* self, jf_rate_controller* controller, jf_error* error) {
        return guarded(error, [&] {
            *controller = {&RateController::kMethods, static_cast<CongestionControl*>(self)->open().release()};
        });
    }};

} // namespace jackfield
