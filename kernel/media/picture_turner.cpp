// Turns pictures. See picture_turner.hpp.

#include "kernel/media/picture_turner.hpp"

#include <cstddef>
#include <utility>

namespace jackfield::kernel {

namespace {

struct Plane {
    const std::uint8_t* from;
    std::size_t stride;
    std::size_t width;
    std::size_t height;
};

/// Writes line by line, each from where its pixels were.
void turn(const Plane& plane, std::uint32_t degrees, std::uint8_t* to)
{
    const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(plane.stride);
    const std::ptrdiff_t right = degrees == 180 ? -1 : degrees == 90 ? -stride : stride; // one pixel to the right there
    const std::ptrdiff_t down = degrees == 180 ? -stride : degrees == 90 ? 1 : -1;       // one line down
    const std::uint8_t* const last_line = plane.from + (plane.height - 1) * plane.stride;
    const std::uint8_t* line = degrees == 180  ? last_line + plane.width - 1
                               : degrees == 90 ? last_line
                                               : plane.from + plane.width - 1;
    const std::size_t width = degrees == 180 ? plane.width : plane.height;
    const std::size_t height = degrees == 180 ? plane.height : plane.width;
    for (std::size_t y = 0; y < height; ++y) {
        const std::uint8_t* start = line + static_cast<std::ptrdiff_t>(y) * down;
        for (std::size_t x = 0; x < width; ++x)
            *to++ = start[static_cast<std::ptrdiff_t>(x) * right];
    }
}

} // namespace

jf_frame PictureTurner::turned(const jf_frame& frame, std::uint32_t degrees)
{
    const std::size_t width = frame.width_px;
    const std::size_t height = frame.height_px;
    if (width == 0 || height == 0 || (degrees != 90 && degrees != 180 && degrees != 270))
        return frame;
    const std::size_t half_width = (width + 1) / 2;
    const std::size_t half_height = (height + 1) / 2;
    const std::size_t size = width * height + 2 * half_width * half_height;
    if (bytes_.size() < size)
        bytes_.resize(size);
    jf_frame turned = frame;
    std::uint8_t* to = bytes_.data();
    for (std::size_t i = 0; i < 3; ++i) {
        const Plane plane{frame.planes[i], frame.strides_bytes[i], i == 0 ? width : half_width,
                          i == 0 ? height : half_height};
        turn(plane, degrees, to);
        turned.planes[i] = to;
        turned.strides_bytes[i] = static_cast<std::uint32_t>(degrees == 180 ? plane.width : plane.height);
        to += plane.width * plane.height;
    }
    if (degrees != 180)
        std::swap(turned.width_px, turned.height_px);
    return turned;
}

} // namespace jackfield::kernel
