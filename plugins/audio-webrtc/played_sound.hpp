// What the peer says, until it is heard: in pieces of 10 ms, each with the time at which it is played.
//
// Threads:  put on the thread of what arrives, take on the thread of our sound; a short lock between them.
// Lifetime: a session's. All memory is taken when it is made.
#pragma once

#include <jackfield/abi/frame.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace audio_webrtc {

/// One channel of 10 ms.
struct Piece {
    std::int64_t time_ns = 0;
    int rate_hz = 0;
    std::span<const float> samples;
};

class PlayedSound {
public:
    PlayedSound();

    /// A frame in any form; what has a rate that is not one of hundreds of hertz is left out.
    void put(const jf_frame& frame);

    /// The next piece if it is played before that time; its samples are copied to `memory`.
    bool take(std::int64_t before_ns, std::span<float> memory, Piece& piece);

    static constexpr std::size_t kMostSamples = 1920; // of a piece: 192 kHz

private:
    static constexpr std::size_t kMost = 128; // pieces that wait

    struct Kept {
        std::int64_t time_ns;
        int rate_hz;
        std::array<float, kMostSamples> samples;
    };

    std::mutex mutex_;
    std::vector<Kept> ring_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;

    std::vector<float> partial_; // of the thread that puts
    std::size_t filled_ = 0;
    std::uint32_t rate_hz_ = 0;
    std::int64_t partial_ns_ = 0;
};

} // namespace audio_webrtc
