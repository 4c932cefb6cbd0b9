// Says how much of a media file is in a recording of it: sound by correlation, pictures by their best match.
//
// Threads: the main thread; frames come on threads of the source and are collected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace jackfield::program {

/// What is looked at of a file: sound at 8 kHz in one channel, pictures as small grey ones.
struct MediaSample {
    static constexpr std::uint32_t kRateHz = 8000;

    struct Picture {
        std::int64_t time_ns = 0;
        std::uint32_t width_px = 0;
        std::uint32_t height_px = 0;
        std::vector<std::uint8_t> luma;
    };

    std::vector<float> sound;
    std::vector<Picture> pictures;
};

/// Reads a file through the media source plugin, as fast as it goes. Throws Stop if it cannot be read.
MediaSample read_media(const std::string& file);

struct SoundMatch {
    double correlation = 0; // -1..1, at the best shift, over what both have
    double shift_s = 0;     // the recording begins that much later than the original
    double length_s = 0;    // of the recording
};

struct PictureMatch {
    double psnr_db = 0;  // mean over the recorded pictures of the best match in the original
    double in_order = 0; // share of the pictures whose match does not go back in time
    std::size_t pictures = 0;
};

SoundMatch match_sound(const MediaSample& original, const MediaSample& recording);
PictureMatch match_pictures(const MediaSample& original, const MediaSample& recording);

} // namespace jackfield::program
