// Plays sound when it is due. See playout_queue.hpp.

#include "playout_queue.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace jackfield::sound {

namespace {

constexpr std::size_t kMostMarks = 256;           // frames that wait
constexpr std::uint32_t kMostChannels = 8;        // of a frame
constexpr std::uint32_t kLongestFrameMs = 200;    // of a frame
constexpr std::int64_t kLeapNs = 20'000'000;      // between two frames: a leap, and no stretching
constexpr std::int64_t kTooFarNs = 60'000'000;    // from where it should be
constexpr std::int64_t kOnTimeNs = 2'000'000;     // near enough to begin with
constexpr std::int64_t kMarginNs = 5'000'000;     // more than what was missing, so that it is not missing again
constexpr std::int64_t kMostLeadNs = 150'000'000; // what comes later than that is no card's fault
constexpr double kMostPpm = 3000;                 // a twentieth of a semitone
constexpr double kPpmPerNs = 0.2e6 / 1e9;         // 10 ms off: 2000 ppm, so it is halved in 4 s
constexpr double kSmoothNs = 1e9;                 // readings of a card's delay jump by milliseconds

} // namespace

PlayoutQueue::PlayoutQueue(std::uint32_t rate_hz, std::uint32_t channels, std::int64_t lead_ns)
    : rate_hz_(rate_hz),
      channels_(channels),
      ring_(std::size_t{rate_hz} * channels * 5 / 4),
      capacity_(ring_.size() / channels),
      marks_(kMostMarks),
      converted_(std::size_t{rate_hz} * channels * kLongestFrameMs / 1000 + channels * 16),
      stretcher_(channels, rate_hz, rate_hz),
      least_lead_ns_(lead_ns),
      lead_ns_(lead_ns)
{}

// --- sound comes ----------------------------------------------------------------------------------------------------

jf_status PlayoutQueue::write(const jf_frame& frame)
{
    if (frame.kind != JF_AUDIO || frame.channels == 0 || frame.channels > kMostChannels || frame.sample_rate_hz == 0 ||
        frame.samples == nullptr ||
        frame.samples_per_channel * 1000ULL > std::uint64_t{frame.sample_rate_hz} * kLongestFrameMs)
        return JF_BAD_INPUT;
    const float* samples = frame.samples;
    std::uint32_t count = frame.samples_per_channel;
    std::int64_t time_ns = frame.time_ns;
    if (frame.sample_rate_hz != rate_hz_) {
        if (other_rate_hz_ != frame.sample_rate_hz || other_channels_ != frame.channels) {
            if (frame.sample_rate_hz < 1000 || frame.sample_rate_hz > 384'000 || frame.sample_rate_hz % 100 != 0)
                return JF_BAD_INPUT;
            from_other_rate_.emplace(frame.channels, frame.sample_rate_hz, rate_hz_);
            other_rate_hz_ = frame.sample_rate_hz;
            other_channels_ = frame.channels;
            converted_.resize(std::size_t{rate_hz_} * frame.channels * kLongestFrameMs / 1000 + frame.channels * 16);
        }
        time_ns -= from_other_rate_->held_ns(); // what comes out first came in before
        count = static_cast<std::uint32_t>(
            from_other_rate_->convert({samples, std::size_t{count} * frame.channels}, converted_).made);
        samples = converted_.data();
    }
    const std::lock_guard lock(mutex_);
    if (tail_ - head_ + count > capacity_ || mark_count_ == kMostMarks)
        return JF_WOULD_BLOCK;
    const bool leaps = std::abs(frame.time_ns - end_ns_) > kLeapNs;
    marks_[(first_mark_ + mark_count_++) % kMostMarks] = {tail_, time_ns, leaps};
    end_ns_ =
        frame.time_ns + static_cast<std::int64_t>(frame.samples_per_channel) * 1'000'000'000 / frame.sample_rate_hz;
    append(samples, count, frame.channels);
    return JF_OK;
}

void PlayoutQueue::append(const float* samples, std::uint32_t count, std::uint32_t channels)
{
    for (std::uint32_t i = 0; i < count; ++i, ++tail_, samples += channels) {
        float* to = &ring_[tail_ % capacity_ * channels_];
        if (channels == channels_) {
            std::copy_n(samples, channels_, to);
        } else if (channels_ == 1) {
            float sum = 0;
            for (std::uint32_t channel = 0; channel < channels; ++channel)
                sum += samples[channel];
            to[0] = sum / static_cast<float>(channels);
        } else {
            for (std::uint32_t channel = 0; channel < channels_; ++channel)
                to[channel] = samples[std::min(channel, channels - 1)];
        }
    }
}

void PlayoutQueue::clear()
{
    const std::lock_guard lock(mutex_);
    drop(tail_ - head_);
    stop();
    dried_ = false;
    lead_ns_ = least_lead_ns_;
}

// --- sound goes -----------------------------------------------------------------------------------------------------

void PlayoutQueue::read(std::span<float> out, std::int64_t heard_ns)
{
    const std::size_t wanted = out.size() / channels_;
    std::size_t done = 0;
    const std::lock_guard lock(mutex_);
    while (done < wanted) {
        const std::size_t room = wanted - done;
        const auto rest = out.subspan(done * channels_);
        const std::int64_t then_ns = heard_ns + duration_ns(done);
        std::size_t made = playing_ ? put_right(room, then_ns) : begin(room, then_ns);
        if (made > 0)
            std::fill_n(rest.begin(), made * channels_, 0.0F);
        else if (playing_)
            made = play(rest, then_ns);
        if (made == 0) { // nothing there, or it has just run dry
            if (playing_)
                continue;
            std::fill(rest.begin(), rest.end(), 0.0F);
            break;
        }
        done += made;
    }
}

void PlayoutQueue::stop()
{
    playing_ = false;
    stretcher_.reset();
}

/// So many samples of silence, since the next is so early.
std::size_t PlayoutQueue::wait(std::size_t room, std::int64_t early_ns)
{
    if (early_ns > kLeapNs)
        dried_ = false; // it had an end, and this is a beginning
    return std::min<std::uint64_t>(room, samples_in(early_ns));
}

/// How many samples of silence come before the first that waits; 0 once it is its turn, or if nothing waits.
std::size_t PlayoutQueue::begin(std::size_t room, std::int64_t heard_ns)
{
    while (tail_ != head_) {
        const std::int64_t early_ns = due_ns() - heard_ns;
        if (samples_in(early_ns) > 0)
            return wait(room, early_ns);
        if (lead_ns_ - early_ns <= kMostLeadNs) {
            if (early_ns < -kOnTimeNs || (dried_ && early_ns <= 0)) {
                lead_ns_ = lead_ns_ - early_ns + kMarginNs;
                dried_ = false;
                continue;
            }
            dried_ = false;
            playing_ = true;
            early_ns_ = 0;
            return 0;
        }
        drop(std::min(tail_ - head_, std::max<std::uint64_t>(1, samples_in(-early_ns))));
    }
    return 0;
}

/// Where two frames do not join, or we are too far off, at the beginning of a frame: so much silence, or sound is left
/// out.
std::size_t PlayoutQueue::put_right(std::size_t room, std::int64_t heard_ns)
{
    if (tail_ == head_ || mark_count_ == 0 || marks_[first_mark_].at != head_)
        return 0;
    const std::int64_t early_ns = due_ns() - heard_ns;
    if (std::abs(early_ns) <= (marks_[first_mark_].leaps ? kLeapNs / 2 : kTooFarNs))
        return 0;
    put_right_.fetch_add(1, std::memory_order_relaxed);
    early_ns_ = 0;
    if (early_ns < 0) {
        drop(std::min(tail_ - head_, samples_in(-early_ns)));
        return 0;
    }
    stop(); // begins again when it is due
    return wait(room, early_ns);
}

/// Up to the end of the first frame that waits.
std::size_t PlayoutQueue::play(std::span<float> out, std::int64_t heard_ns)
{
    if (tail_ == head_) {
        stop();
        dried_ = true;
        ran_dry_.fetch_add(1, std::memory_order_relaxed);
        return 0;
    }
    const std::int64_t early_ns = due_ns() - heard_ns;
    std::uint64_t end = tail_;
    for (std::size_t i = 0; i < mark_count_; ++i) {
        const auto& mark = marks_[(first_mark_ + i) % kMostMarks];
        if (mark.at > head_) {
            end = mark.at;
            break;
        }
    }
    const std::size_t from = head_ % capacity_;
    const std::size_t count = std::min<std::uint64_t>(end - head_, capacity_ - from);
    const auto progress = stretcher_.convert({&ring_[from * channels_], count * channels_}, out);
    drop(progress.taken);
    steer(early_ns, progress.made);
    played_.fetch_add(progress.made, std::memory_order_relaxed);
    return progress.made;
}

/// Too early: what there is must last longer.
void PlayoutQueue::steer(std::int64_t early_ns, std::size_t samples)
{
    const double weight = std::min(1.0, static_cast<double>(duration_ns(samples)) / kSmoothNs);
    early_ns_ += weight * (static_cast<double>(early_ns) - early_ns_);
    const auto ppm = static_cast<std::int32_t>(std::clamp(early_ns_ * kPpmPerNs, -kMostPpm, kMostPpm));
    stretch_ppm_.store(ppm, std::memory_order_relaxed);
    stretcher_.speed_up(-ppm);
}

// --- places and times -----------------------------------------------------------------------------------------------

std::int64_t PlayoutQueue::duration_ns(std::uint64_t samples) const
{
    return static_cast<std::int64_t>(samples * 1'000'000'000 / rate_hz_);
}

std::uint64_t PlayoutQueue::samples_in(std::int64_t ns) const
{
    return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) * rate_hz_ / 1'000'000'000;
}

/// When the next sample should be heard, by the frame it belongs to.
std::int64_t PlayoutQueue::due_ns() const
{
    const Mark& mark = marks_[first_mark_];
    return mark.time_ns + lead_ns_ + duration_ns(head_ - mark.at) - stretcher_.held_ns();
}

void PlayoutQueue::drop(std::uint64_t samples)
{
    head_ += samples;
    forget_marks();
}

/// Of frames that have been played.
void PlayoutQueue::forget_marks()
{
    if (head_ == tail_)
        mark_count_ = 0;
    while (mark_count_ > 1 && marks_[(first_mark_ + 1) % kMostMarks].at <= head_) {
        first_mark_ = (first_mark_ + 1) % kMostMarks;
        --mark_count_;
    }
}

// --- what there is to say -------------------------------------------------------------------------------------------

PlayoutQueue::Counts PlayoutQueue::counts() const
{
    return {played_.load(std::memory_order_relaxed), ran_dry_.load(std::memory_order_relaxed),
            put_right_.load(std::memory_order_relaxed), stretch_ppm_.load(std::memory_order_relaxed),
            lead_ns_.load(std::memory_order_relaxed)};
}

std::string PlayoutQueue::in_words() const
{
    const Counts now = counts();
    return "played " + std::to_string(now.played * 1000 / rate_hz_) + " ms of sound, each " +
           std::to_string(now.lead_ns / 1'000'000) + " ms after its time, ran dry " + std::to_string(now.ran_dry) +
           " times, put right " + std::to_string(now.put_right) + " times, stretched by " +
           std::to_string(now.stretch_ppm) + " ppm at the end";
}

} // namespace jackfield::sound
