// What the first bits of a VP9 frame say ("VP9 Bitstream and Decoding Process Specification", section 6.2): as much as
// the payload format and the bounds of a stranger's picture need.
//
// Threads: any. Lifetime: plain values.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>

namespace jackfield::codec {

struct Vp9Header {
    bool key = false;           ///< can be decoded without what was before
    std::uint32_t width_px = 0; ///< 0: as large as a frame before
    std::uint32_t height_px = 0;
};

/// Nothing if it is no frame of profile 0 (8 bits, 4:2:0), or too short to say.
std::optional<Vp9Header> read_vp9_header(ByteView frame);

/// Calls each(ByteView) for the frames of a picture that has an index of them at its end (annex B), or once for all of
/// it.
template <class Each>
void each_vp9_frame(ByteView picture, Each&& each)
{
    const std::uint8_t last = picture.empty() ? 0 : picture.back();
    const std::size_t frames = (std::size_t{last} & 7) + 1;
    const std::size_t bytes_a_size = (std::size_t{last} >> 3 & 3) + 1;
    const std::size_t index_bytes = 2 + frames * bytes_a_size;
    if ((last & 0xE0) != 0xC0 || picture.size() < index_bytes || picture[picture.size() - index_bytes] != last)
        return each(picture);
    ByteView left = picture.first(picture.size() - index_bytes);
    const ByteView sizes = picture.subspan(picture.size() - index_bytes + 1);
    for (std::size_t frame = 0; frame < frames; ++frame) {
        std::size_t size = 0;
        for (std::size_t i = 0; i < bytes_a_size; ++i)
            size |= std::size_t{sizes[frame * bytes_a_size + i]} << (8 * i);
        if (size > left.size())
            return;
        if (size > 0)
            each(left.first(size));
        left = left.subspan(size);
    }
}

} // namespace jackfield::codec
