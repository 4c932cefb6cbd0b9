// The test picture: eight colour bars, and below them a mark that runs from left to right every two seconds.
//
// Threads: one thread at a time. Lifetime: all memory is taken when it is made.
#pragma once

#include <jackfield/abi/media_source.h>

#include <array>
#include <cstdint>
#include <vector>

namespace media_test {

struct Size {
    std::uint32_t width_px;
    std::uint32_t height_px;

    bool operator==(const Size&) const = default;
};

/// The size scaled down to fit the format's bounds, keeping the aspect, in pairs of lines and columns.
Size fitted(Size own, const jf_source_format& format);

class Picture {
public:
    explicit Picture(Size size);

    /// The picture of that moment, counted from the beginning. What the frame points to is valid until the next call.
    jf_frame at(std::int64_t media_ns);

    static constexpr std::int64_t kRunNs = 2'000'000'000; ///< the mark's way from left to right

private:
    void fill(std::uint32_t plane, std::uint32_t from_row, std::uint32_t rows, const std::uint8_t (&bars)[8]);

    Size size_;
    std::uint32_t band_px_; // height of the black band in which the mark runs
    std::uint32_t mark_px_; // its width
    std::array<std::vector<std::uint8_t>, 3> planes_;
};

} // namespace media_test
