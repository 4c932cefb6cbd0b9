// Keeps a sum of voices within full scale. See limiter.hpp.

#include "limiter.hpp"

#include <algorithm>
#include <cmath>

namespace media_ffmpeg {

namespace {

constexpr std::size_t kBlock = std::size_t{2} * 240; // values: 5 ms
constexpr float kRelease = 0.01F;                    // a block; from nothing back to full loudness in half a second

float most_gain(const float* values, std::size_t size)
{
    float peak = 1;
    for (std::size_t i = 0; i < size; ++i)
        peak = std::max(peak, std::abs(values[i]));
    return 1 / peak;
}

} // namespace

void Limiter::add(const std::vector<float>& sum, std::vector<float>& out)
{
    for (const float value : sum)
        held_.push_back(std::isfinite(value) ? value : 0); // not a number: silence
    std::size_t at = 0;
    for (; held_.size() - at >= 2 * kBlock; at += kBlock)
        pass(at, kBlock, kBlock, out);
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at));
}

/// The gain goes in a straight line from one that is low enough for this block to one low enough for both.
void Limiter::pass(std::size_t first, std::size_t size, std::size_t next_size, std::vector<float>& out)
{
    const float most = most_gain(held_.data() + first, size);
    const float from = std::min(gain_, most);
    const float to = std::min({most, most_gain(held_.data() + first + size, next_size), from + kRelease});
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(held_[first + i] *
                      (from + (to - from) * static_cast<float>(i / 2) / static_cast<float>(size / 2)));
    gain_ = to;
}

void Limiter::flush(std::vector<float>& out)
{
    const std::size_t size = std::min(held_.size(), kBlock);
    if (size > 0)
        pass(0, size, held_.size() - size, out);
    if (held_.size() > size)
        pass(size, held_.size() - size, 0, out);
    held_.clear();
}

} // namespace media_ffmpeg
