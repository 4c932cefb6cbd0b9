// Pictures on their way to a window: a few that wait for their time, copied.
//
// Threads:  put on the call's thread, take on the window's; a lock between them for as long as a picture is copied.
// Lifetime: a window's. Memory is taken when the first picture of a size comes.
#pragma once

#include "placing.hpp"

#include <jackfield/abi/frame.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace media_sdl {

struct Picture {
    Size size;
    std::uint32_t rotation_deg = 0;
    std::int64_t time_ns = 0;
    std::array<std::vector<std::uint8_t>, 3> planes; // without gaps between lines
};

class PictureQueue {
public:
    /// JF_BAD_INPUT: no picture, or larger than 8192 a side. If too many wait, the first is left out.
    jf_status put(const jf_frame& frame);

    /// The last picture that is due swaps places with `shown`; those before it are left out. False if none is.
    bool take(std::int64_t now_ns, Picture& shown);

    /// When the next one is due.
    std::optional<std::int64_t> next_ns() const;

    std::uint64_t left_out() const;

private:
    static constexpr std::size_t kMost = 8;

    mutable std::mutex mutex_;
    std::array<Picture, kMost> ring_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::uint64_t left_out_ = 0;
};

} // namespace media_sdl
