// Sound on its way to a card: each frame is played at the time it says, by the card's own clock.
//
// The card's clock and the sender's never run alike. What is played is stretched or shrunk by up to 0.3 % (nobody hears
// that) until it comes when it should. What is too far off for that, a leap of the sender's delay or a card that was
// away, is put right at once: by silence, or by leaving sound out. A card that takes longer to play what it gets than
// sound comes ahead of its time makes all of it later by as much (the lead), once.
//
// Threads:  write on one thread (the call's), read on another (the card's); a short lock between them. counts on any.
// Lifetime: all memory is taken when it is made, but for a converter when frames come at another rate than before.
#pragma once

#include "rate_converter.hpp"

#include <jackfield/abi/frame.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::sound {

class PlayoutQueue {
public:
    /// Sound is played `lead_ns` after the time it says, or later if the card needs that.
    PlayoutQueue(std::uint32_t rate_hz, std::uint32_t channels, std::int64_t lead_ns);

    /// JF_WOULD_BLOCK: more than a second waits already, and this was dropped. JF_BAD_INPUT: no sound.
    jf_status write(const jf_frame& frame);

    /// The next samples for the card, of all channels; the first will be heard at `heard_ns`. What there is not is
    /// silence.
    void read(std::span<float> out, std::int64_t heard_ns);

    /// Nothing waits any more: the card that was to play it is gone.
    void clear();

    struct Counts {
        std::uint64_t played = 0;     ///< samples of a channel
        std::uint64_t ran_dry = 0;    ///< times that sound was missing in the middle
        std::uint64_t put_right = 0;  ///< times that silence was added or sound left out
        std::int32_t stretch_ppm = 0; ///< now: above 0 what is played lasts longer than it did
        std::int64_t lead_ns = 0;
    };
    Counts counts() const;
    std::string in_words() const;

private:
    /// A frame that waits: where its first sample stands, and when that is to be heard.
    struct Mark {
        std::uint64_t at = 0;
        std::int64_t time_ns = 0;
        bool leaps = false; // it does not join the one before
    };

    void append(const float* samples, std::uint32_t count, std::uint32_t channels);
    std::int64_t duration_ns(std::uint64_t samples) const;
    std::uint64_t samples_in(std::int64_t ns) const;
    std::int64_t due_ns() const;
    void forget_marks();
    void drop(std::uint64_t samples);
    void stop();
    std::size_t wait(std::size_t room, std::int64_t early_ns);
    std::size_t begin(std::size_t room, std::int64_t heard_ns);
    std::size_t play(std::span<float> out, std::int64_t heard_ns);
    std::size_t put_right(std::size_t room, std::int64_t heard_ns);
    void steer(std::int64_t early_ns, std::size_t samples);

    std::uint32_t rate_hz_;
    std::uint32_t channels_;

    std::mutex mutex_; // guards the waiting sound and its marks
    std::vector<float> ring_;
    std::size_t capacity_;   // samples of a channel
    std::uint64_t head_ = 0; // the next sample to be played, counted from the beginning
    std::uint64_t tail_ = 0; // behind the last
    std::vector<Mark> marks_;
    std::size_t first_mark_ = 0;
    std::size_t mark_count_ = 0;
    std::int64_t end_ns_ = 0; // of the last frame

    // of write
    std::optional<RateConverter> from_other_rate_;
    std::uint32_t other_rate_hz_ = 0;
    std::uint32_t other_channels_ = 0;
    std::vector<float> converted_;

    // of read
    RateConverter stretcher_;
    std::int64_t least_lead_ns_;
    std::atomic<std::int64_t> lead_ns_;
    bool playing_ = false;
    bool dried_ = false;  // and nothing has begun since
    double early_ns_ = 0; // smoothed
    std::atomic<std::uint64_t> played_{0};
    std::atomic<std::uint64_t> ran_dry_{0};
    std::atomic<std::uint64_t> put_right_{0};
    std::atomic<std::int32_t> stretch_ppm_{0};
};

} // namespace jackfield::sound
