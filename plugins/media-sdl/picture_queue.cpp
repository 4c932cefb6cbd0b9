// Pictures that wait. See picture_queue.hpp.

#include "picture_queue.hpp"

#include <algorithm>
#include <utility>

namespace media_sdl {

namespace {

constexpr std::uint32_t kMostSide = 8192;

void copy(const jf_frame& frame, std::size_t plane, Picture& picture)
{
    const auto half = plane == 0 ? 0U : 1U;
    const std::size_t width = (frame.width_px + half) >> half;
    const std::size_t height = (frame.height_px + half) >> half;
    auto& to = picture.planes[plane];
    to.resize(width * height);
    for (std::size_t y = 0; y < height; ++y)
        std::copy_n(frame.planes[plane] + y * frame.strides_bytes[plane], width,
                    to.begin() + static_cast<std::ptrdiff_t>(y * width));
}

} // namespace

jf_status PictureQueue::put(const jf_frame& frame)
{
    if (frame.kind != JF_VIDEO || frame.width_px == 0 || frame.height_px == 0 || frame.width_px > kMostSide ||
        frame.height_px > kMostSide || frame.planes[0] == nullptr || frame.planes[1] == nullptr ||
        frame.planes[2] == nullptr || frame.rotation_deg % 90 != 0)
        return JF_BAD_INPUT;
    const std::lock_guard lock(mutex_);
    if (count_ == kMost) {
        first_ = (first_ + 1) % kMost;
        --count_;
        ++left_out_;
    }
    Picture& picture = ring_[(first_ + count_++) % kMost];
    picture.size = {static_cast<int>(frame.width_px), static_cast<int>(frame.height_px)};
    picture.rotation_deg = frame.rotation_deg % 360;
    picture.time_ns = frame.time_ns;
    for (std::size_t plane = 0; plane < picture.planes.size(); ++plane)
        copy(frame, plane, picture);
    return JF_OK;
}

bool PictureQueue::take(std::int64_t now_ns, Picture& shown)
{
    const std::lock_guard lock(mutex_);
    bool taken = false;
    while (count_ > 0 && ring_[first_].time_ns <= now_ns) {
        left_out_ += taken ? 1 : 0;
        std::swap(shown, ring_[first_]);
        first_ = (first_ + 1) % kMost;
        --count_;
        taken = true;
    }
    return taken;
}

std::optional<std::int64_t> PictureQueue::next_ns() const
{
    const std::lock_guard lock(mutex_);
    return count_ == 0 ? std::nullopt : std::optional(ring_[first_].time_ns);
}

std::uint64_t PictureQueue::left_out() const
{
    const std::lock_guard lock(mutex_);
    return left_out_;
}

} // namespace media_sdl
