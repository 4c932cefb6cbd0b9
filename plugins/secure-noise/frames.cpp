// Messages as they lie in what was fed, or put together from pieces. See frames.hpp.
//
// Threads: none of its own.
#include "frames.hpp"

namespace secure_noise {

using jackfield::ByteView;

namespace {

std::size_t size_at(const std::uint8_t* head)
{
    return std::size_t{head[0]} << 8U | head[1];
}

} // namespace

FrameReader::Next FrameReader::next(std::size_t most)
{
    if (std::exchange(handed_out_, false))
        begun_.clear();
    if (!begun_.empty())
        return take_begun(most);
    if (input_.size() < kHead) {
        move(input_.size());
        return {What::more, {}};
    }
    const std::size_t size = size_at(input_.data());
    if (size > most)
        return {What::too_large, {}};
    if (input_.size() < kHead + size) {
        begun_.reserve(kHead + size);
        move(input_.size());
        return {What::more, {}};
    }
    const ByteView message = input_.subspan(kHead, size);
    input_ = input_.subspan(kHead + size);
    return {What::message, message};
}

FrameReader::Next FrameReader::take_begun(std::size_t most)
{
    if (begun_.size() < kHead)
        move(std::min(kHead - begun_.size(), input_.size()));
    if (begun_.size() < kHead)
        return {What::more, {}};
    const std::size_t size = size_at(begun_.data());
    if (size > most)
        return {What::too_large, {}};
    move(std::min(kHead + size - begun_.size(), input_.size()));
    if (begun_.size() < kHead + size)
        return {What::more, {}};
    handed_out_ = true;
    return {What::message, ByteView(begun_).subspan(kHead)};
}

void FrameReader::move(std::size_t count)
{
    begun_.insert(begun_.end(), input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(count));
    input_ = input_.subspan(count);
}

} // namespace secure_noise
