// Changes sample rates. See rate_converter.hpp.

#include "rate_converter.hpp"

#include <jackfield/basic.hpp>

#include <string>

namespace jackfield::sound {

namespace {

constexpr int kQuality = 4;           // of 10: flat to 20 kHz at 48 kHz, half a millisecond of delay
constexpr std::int32_t kStepPpm = 20; // a new ratio costs a new filter, so not every millionth is one
constexpr std::uint32_t kWhole = 1'000'000 / kStepPpm;

} // namespace

RateConverter::RateConverter(std::uint32_t channels, std::uint32_t from_hz, std::uint32_t to_hz)
    : channels_(channels), from_hz_(from_hz), to_hz_(to_hz)
{
    int problem = 0;
    state_.reset(speex_resampler_init(channels, from_hz, to_hz, kQuality, &problem));
    if (state_ == nullptr)
        throw Failure(JF_BAD_INPUT, "sound of " + std::to_string(from_hz) + " Hz cannot become sound of " +
                                        std::to_string(to_hz) + " Hz: " + speex_resampler_strerror(problem));
    set(1); // the larger filter that other ratios than 1 need is there from now on
    set(0);
    reset();
}

void RateConverter::speed_up(std::int32_t ppm)
{
    const std::int32_t step = ppm / kStepPpm;
    if (step != step_)
        set(step);
}

void RateConverter::set(std::int32_t step)
{
    step_ = step;
    const auto whole = static_cast<std::int64_t>(kWhole);
    speex_resampler_set_rate_frac(state_.get(), static_cast<spx_uint32_t>((whole + step) * (from_hz_ / 100)),
                                  static_cast<spx_uint32_t>(whole * (to_hz_ / 100)), from_hz_, to_hz_);
}

RateConverter::Progress RateConverter::convert(std::span<const float> in, std::span<float> out)
{
    auto taken = static_cast<spx_uint32_t>(in.size() / channels_);
    auto made = static_cast<spx_uint32_t>(out.size() / channels_);
    speex_resampler_process_interleaved_float(state_.get(), in.data(), &taken, out.data(), &made);
    fresh_ = fresh_ && taken == 0;
    return {taken, made};
}

std::int64_t RateConverter::held_ns() const
{
    return fresh_ ? 0 : std::int64_t{speex_resampler_get_input_latency(state_.get())} * 1'000'000'000 / from_hz_;
}

void RateConverter::reset()
{
    fresh_ = true;
    speex_resampler_reset_mem(state_.get());
    speex_resampler_skip_zeros(state_.get()); // no silence in front of the first sample
}

} // namespace jackfield::sound
