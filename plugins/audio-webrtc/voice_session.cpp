// One call's voice. See voice_session.hpp.

#include "voice_session.hpp"

#include <webrtc/modules/audio_processing/include/audio_processing.h>

#include <algorithm>
#include <string>

// Of the library, and not in its headers. Its webrtc::Config would say the same, but knows options by the addresses of
// symbols, which are others in a library that hides its own, as plugins do.
extern "C" {
void WebRtcAec_enable_extended_filter(AecCore* self, int enable);
int WebRtcAec_extended_filter_enabled(AecCore* self);
void WebRtcAec_enable_delay_agnostic(AecCore* self, int enable);
}

namespace audio_webrtc {

namespace {

using jackfield::Failure;

constexpr std::int64_t kPieceNs = 10'000'000;

void require(int problem, const char* what)
{
    if (problem != webrtc::AudioProcessing::kNoError)
        throw Failure(JF_UNSUPPORTED, std::string("WebRTC's audio processing refuses ") + what + " (error " +
                                          std::to_string(problem) + ")");
}

void configure(webrtc::AudioProcessing& voice, const Options& options)
{
    require(voice.high_pass_filter()->Enable(options.high_pass), "the high-pass filter");
    require(voice.echo_cancellation()->Enable(options.echo_cancellation), "echo cancellation");
    require(voice.echo_cancellation()->set_suppression_level(
                static_cast<webrtc::EchoCancellation::SuppressionLevel>(options.echo_suppression)),
            "that echo suppression");
    require(voice.noise_suppression()->Enable(options.noise_suppression.has_value()), "noise suppression");
    if (options.noise_suppression)
        require(voice.noise_suppression()->set_level(
                    static_cast<webrtc::NoiseSuppression::Level>(*options.noise_suppression)),
                "that noise suppression");
    require(voice.gain_control()->set_mode(webrtc::GainControl::kAdaptiveDigital), "adaptive gain");
    require(voice.gain_control()->Enable(options.gain_control), "gain control");
}

} // namespace

VoiceSession::VoiceSession(jackfield::Host host, const Options& options, Form form)
    : host_(host),
      options_(options),
      form_(form),
      piece_(static_cast<std::size_t>(form.sample_rate_hz / 100)),
      in_(piece_),
      out_(piece_ * 64),
      far_(PlayedSound::kMostSamples)
{
    voice_.reset(webrtc::AudioProcessing::Create());
    if (voice_ == nullptr)
        throw Failure(JF_EXHAUSTED, "no memory for WebRTC's audio processing");
    configure(*voice_, options_);
    std::vector<float> silence(piece_); // all memory is taken now
    in_ = silence;
    work_on_piece(0);
    out_count_ = out_first_ = 0;
    if (failures_ > 0)
        throw Failure(JF_UNSUPPORTED, "WebRTC's audio processing does not take sound of " +
                                          std::to_string(form.sample_rate_hz) + " Hz");
}

VoiceSession::~VoiceSession()
{
    if (failures_ > 0)
        host_.warning("voice: " + std::to_string(failures_) + " pieces of 10 ms went through as they were");
}

void VoiceSession::played(const jf_frame& frame) noexcept
{
    if (options_.echo_cancellation)
        played_.put(frame);
}

jackfield::Status VoiceSession::process(const jf_frame& frame, float* samples) noexcept
{
    const auto channels = static_cast<std::size_t>(form_.channels);
    const std::size_t count = frame.samples_per_channel;
    if (frame.kind != JF_AUDIO || frame.sample_rate_hz != static_cast<std::uint32_t>(form_.sample_rate_hz) ||
        frame.channels != channels || count > out_.size() - 2 * piece_)
        return JF_BAD_INPUT;
    if (!std::exchange(begun_, true) && count % piece_ != 0)
        out_count_ = piece_; // silence: pieces and frames do not end together, so we are late by one piece
    for (std::size_t i = 0; i < count; ++i) {
        float sum = 0;
        for (std::size_t channel = 0; channel < channels; ++channel)
            sum += samples[i * channels + channel];
        in_[filled_++] = sum / static_cast<float>(channels);
        if (filled_ == piece_) {
            filled_ = 0;
            const auto end = static_cast<std::int64_t>(i + 1) * 1'000'000'000 / form_.sample_rate_hz;
            work_on_piece(frame.time_ns + end - kPieceNs);
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        const float sample = out_count_ == 0 ? 0 : out_[out_first_];
        if (out_count_ > 0) {
            out_first_ = (out_first_ + 1) % out_.size();
            --out_count_;
        }
        std::fill_n(samples + i * channels, channels, sample);
    }
    return JF_OK;
}

/// The one in in_, whose first sample was recorded then.
void VoiceSession::work_on_piece(std::int64_t time_ns)
{
    hear_what_is_played(time_ns + kPieceNs);
    expect_long_echoes();
    voice_->set_stream_delay_ms(options_.delay_ms);
    const webrtc::StreamConfig mono(form_.sample_rate_hz, 1);
    float* const samples = in_.data();
    failures_ += voice_->ProcessStream(&samples, mono, mono, &samples) < 0 ? 1 : 0;
    for (const float sample : in_)
        out_[(out_first_ + out_count_++) % out_.size()] = sample;
}

/// Echoes of rooms, not of telephones; and it measures how late they come. The library forgets that when a rate
/// changes.
void VoiceSession::expect_long_echoes()
{
    AecCore* const core = options_.echo_cancellation ? voice_->echo_cancellation()->aec_core() : nullptr;
    if (core == nullptr || WebRtcAec_extended_filter_enabled(core) != 0)
        return;
    WebRtcAec_enable_extended_filter(core, 1);
    WebRtcAec_enable_delay_agnostic(core, 1);
}

/// Where nothing is played there is silence: the canceller counts pieces.
void VoiceSession::hear_what_is_played(std::int64_t until_ns)
{
    if (!options_.echo_cancellation)
        return;
    Piece piece;
    bool some = false;
    while (played_.take(until_ns, far_, piece)) {
        if (piece.time_ns < until_ns - 20 * kPieceNs)
            continue; // we were on hold meanwhile
        const webrtc::StreamConfig form(piece.rate_hz, 1);
        float* const samples = far_.data();
        voice_->ProcessReverseStream(&samples, form, form, &samples);
        far_end_ns_ = piece.time_ns + kPieceNs;
        some = true;
    }
    if (some || far_end_ns_ + kPieceNs > until_ns)
        return;
    std::ranges::fill(far_, 0.0F);
    const webrtc::StreamConfig form(form_.sample_rate_hz, 1);
    float* const samples = far_.data();
    voice_->ProcessReverseStream(&samples, form, form, &samples);
}

} // namespace audio_webrtc
