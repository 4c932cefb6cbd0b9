// Frames on their way to the one that writes them. See frame_queue.hpp.

#include "frame_queue.hpp"

namespace media_ffmpeg {

namespace {

constexpr std::uint32_t kMostFrameSide = 8192;
constexpr std::size_t kPadding = 64; // swscale reads whole vectors, over the end
constexpr std::uint32_t kMostSamples = 48'000;
constexpr std::uint32_t kMostFrameChannels = 8;
constexpr std::uint32_t kMostRateHz = 384'000;

std::size_t rows(const jf_frame& frame, int plane)
{
    return plane == 0 ? frame.height_px : (frame.height_px + 1) / 2;
}

std::size_t columns(const jf_frame& frame, int plane)
{
    return plane == 0 ? frame.width_px : (frame.width_px + 1) / 2;
}

bool in_order(const jf_frame& frame)
{
    if (frame.kind == JF_AUDIO)
        return frame.samples != nullptr && frame.samples_per_channel > 0 && frame.samples_per_channel <= kMostSamples &&
               frame.channels > 0 && frame.channels <= kMostFrameChannels && frame.sample_rate_hz > 0 &&
               frame.sample_rate_hz <= kMostRateHz;
    return frame.kind == JF_VIDEO && frame.width_px > 1 && frame.height_px > 1 && frame.width_px <= kMostFrameSide &&
           frame.height_px <= kMostFrameSide && frame.planes[0] != nullptr && frame.planes[1] != nullptr &&
           frame.planes[2] != nullptr;
}

std::size_t size_of(const jf_frame& frame)
{
    if (frame.kind == JF_AUDIO)
        return std::size_t{frame.samples_per_channel} * frame.channels * sizeof(float);
    return rows(frame, 0) * columns(frame, 0) + 2 * rows(frame, 1) * columns(frame, 1);
}

void copy(const jf_frame& from, FrameQueue::Slot& to)
{
    to.frame = from;
    std::uint8_t* at = to.bytes.get();
    if (from.kind == JF_AUDIO) {
        std::memcpy(at, from.samples, size_of(from));
        to.frame.samples = reinterpret_cast<const float*>(at);
        return;
    }
    for (int plane = 0; plane < 3; ++plane) {
        const std::size_t width = columns(from, plane);
        to.frame.planes[plane] = at;
        to.frame.strides_bytes[plane] = static_cast<std::uint32_t>(width);
        for (std::size_t row = 0; row < rows(from, plane); ++row, at += width)
            std::memcpy(at, from.planes[plane] + row * from.strides_bytes[plane], width);
    }
}

} // namespace

FrameQueue::FrameQueue(const OpenSink& what)
{
    std::size_t count = 0;
    for (const auto side : {Side::peer, Side::own}) {
        lane(JF_AUDIO, side).comes = what.sound(side);
        lane(JF_VIDEO, side).comes = what.pictures(side);
        count += (what.sound(side) ? kAudioSlots : 0) + (what.pictures(side) ? kVideoSlots : 0);
    }
    slots_ = std::vector<Slot>(count);
    ring_.resize(count);
    auto next = slots_.begin();
    for (const auto side : {Side::peer, Side::own}) {
        for (const std::uint32_t kind : {JF_AUDIO, JF_VIDEO}) {
            Lane& of = lane(kind, side);
            for (of.free.reserve(slots_of(kind)); of.comes && of.free.size() < slots_of(kind); ++next) {
                next->frame.kind = kind;
                next->side = side;
                of.free.push_back(&*next);
            }
        }
    }
}

// --- on media threads -----------------------------------------------------------------------------------------------

jackfield::Status FrameQueue::put(const jf_frame& frame, Side side) noexcept
{
    Lane& of = lane(frame.kind, side);
    if (!in_order(frame) || !of.comes)
        return JF_BAD_INPUT;
    const std::size_t size = size_of(frame);
    Slot* slot = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (closed_)
            return JF_CLOSED;
        slot = take_free(of, frame, size);
        if (slot == nullptr) {
            ++of.dropped;
            return JF_WOULD_BLOCK;
        }
    }
    if (slot->capacity < size) {
        slot->bytes.reset(new (std::nothrow) std::uint8_t[size + kPadding]);
        slot->capacity = slot->bytes ? size : 0;
        if (!slot->bytes) {
            give_back(slot);
            return JF_EXHAUSTED;
        }
    }
    copy(frame, *slot);
    {
        const std::lock_guard lock(mutex_);
        ring_[(first_ + count_++) % ring_.size()] = slot;
    }
    changed_.notify_one();
    return JF_OK;
}

FrameQueue::Slot* FrameQueue::take_free(Lane& lane, const jf_frame& frame, std::size_t size)
{
    auto& free = lane.free;
    if (free.empty())
        return nullptr;
    Slot* slot = free.back();
    const bool fits = slot->capacity >= size && slot->capacity / 2 <= size;
    if (frame.kind == JF_VIDEO && !fits) {
        // Memory that was needed once, for other sizes or a longer queue, makes room for what is needed now.
        const auto over = [&] { return lane.video_bytes - slot->capacity + size > kMostVideoBytes; };
        for (std::size_t i = 0; i + 1 < free.size() && over(); ++i)
            forget(lane, *free[i]);
        if (over())
            return nullptr;
        forget(lane, *slot);
        lane.video_bytes += size;
    }
    free.pop_back();
    return slot;
}

void FrameQueue::forget(Lane& lane, Slot& slot)
{
    lane.video_bytes -= std::exchange(slot.capacity, 0);
    slot.bytes.reset();
}

// --- on the worker --------------------------------------------------------------------------------------------------

FrameQueue::Slot* FrameQueue::take()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ > 0 || closed_; });
    if (count_ == 0 || abandoned_)
        return nullptr;
    Slot* slot = ring_[first_];
    first_ = (first_ + 1) % ring_.size();
    --count_;
    return slot;
}

void FrameQueue::give_back(Slot* slot)
{
    const std::lock_guard lock(mutex_);
    lane(slot->frame.kind, slot->side).free.push_back(slot);
}

FrameQueue::Dropped FrameQueue::dropped() const
{
    const std::lock_guard lock(mutex_);
    return {lanes_[0].dropped + lanes_[2].dropped, lanes_[1].dropped + lanes_[3].dropped};
}

// --- on control -----------------------------------------------------------------------------------------------------

void FrameQueue::close()
{
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

void FrameQueue::abandon()
{
    {
        const std::lock_guard lock(mutex_);
        closed_ = abandoned_ = true;
    }
    changed_.notify_all();
}

bool FrameQueue::abandoned() const
{
    const std::lock_guard lock(mutex_);
    return abandoned_;
}

} // namespace media_ffmpeg
