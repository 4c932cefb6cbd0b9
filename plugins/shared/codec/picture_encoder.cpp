// Checks pictures, times them, and hands them to the library. See picture_encoder.hpp.
#include "picture_encoder.hpp"

#include "offer.hpp"

#include <algorithm>

namespace jackfield::codec {

namespace {

constexpr std::uint32_t kMinBitrate = 30'000;
constexpr std::uint32_t kMinSidePx = 16;

/// RTP counts video in 90 kHz.
std::uint32_t to_90_khz(std::int64_t time_ns)
{
    return static_cast<std::uint32_t>(time_ns / 100'000 * 9 + time_ns % 100'000 * 9 / 100'000);
}

bool usable(const jf_frame& frame)
{
    if (frame.kind != JF_VIDEO || frame.width_px < kMinSidePx || frame.height_px < kMinSidePx ||
        frame.width_px > kMaxSidePx || frame.height_px > kMaxSidePx)
        return false;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::uint32_t least = i == 0 ? frame.width_px : (frame.width_px + 1) / 2;
        if (frame.planes[i] == nullptr || frame.strides_bytes[i] < least || frame.strides_bytes[i] > 1U << 20)
            return false;
    }
    return true;
}

/// I420 halves both sides: an odd last row or column is left away.
std::uint32_t even(std::uint32_t side_px)
{
    return side_px & ~1U;
}

} // namespace

PictureEncoder::PictureEncoder(const Stream& stream, std::unique_ptr<Packetiser> packetiser, PayloadSink sink)
    : stream_(stream), packetiser_(std::move(packetiser)), sink_(sink), wanted_bps_(stream.bitrate_bps)
{}

void PictureEncoder::open_early(const char* library)
{
    if (stream_.width_px == 0 || stream_.height_px == 0)
        return; // opens with the first picture, whose size we do not know yet
    if (stream_.width_px < kMinSidePx || stream_.height_px < kMinSidePx)
        throw Failure(JF_BAD_INPUT, "/width_px, /height_px: a picture is at least 16 x 16");
    if (const int error = open_for(even(stream_.width_px), even(stream_.height_px)); error != 0)
        throw Failure(JF_INTERNAL, std::string(library) + " does not open: " + reason(error));
    warm_up();
}

int PictureEncoder::open_for(std::uint32_t width_px, std::uint32_t height_px) noexcept
{
    width_px_ = width_px;
    height_px_ = height_px;
    key_frame_wanted_.store(true, std::memory_order_relaxed);
    const int error = open(width_px, height_px, target_bps());
    if (error != 0)
        width_px_ = height_px_ = 0;
    return error;
}

/// The first picture through an encoder costs more than the rest: let it be a grey one that nobody sees.
void PictureEncoder::warm_up()
{
    const Bytes grey(std::size_t{width_px_} * height_px_, 128);
    jf_frame frame{};
    frame.kind = JF_VIDEO;
    frame.width_px = width_px_;
    frame.height_px = height_px_;
    for (std::size_t i = 0; i < 3; ++i) {
        frame.planes[i] = grey.data();
        frame.strides_bytes[i] = i == 0 ? width_px_ : width_px_ / 2;
    }
    run({frame, target_bps(), 0, true, nullptr});
}

Status PictureEncoder::encode(const jf_frame& frame) noexcept
{
    if (!usable(frame))
        return JF_BAD_INPUT;
    const std::uint32_t width_px = even(frame.width_px);
    const std::uint32_t height_px = even(frame.height_px);
    if ((width_px != width_px_ || height_px != height_px_) && open_for(width_px, height_px) != 0)
        return JF_INTERNAL;
    const double passed_us = advance_clock(frame.time_ns);
    jf_payload stamp{};
    stamp.struct_size = sizeof(stamp);
    stamp.rtp_timestamp = last_timestamp_;
    stamp.time_ns = frame.time_ns;
    return run({frame, target_bps(), passed_us, key_frame_wanted_.exchange(false, std::memory_order_relaxed), &stamp});
}

void PictureEncoder::set_bitrate(std::uint32_t bits_per_second) noexcept
{
    wanted_bps_.store(std::clamp(bits_per_second, kMinBitrate, kMaxVideoBitrate), std::memory_order_relaxed);
}

void PictureEncoder::request_key_frame() noexcept
{
    key_frame_wanted_.store(true, std::memory_order_relaxed);
}

void PictureEncoder::send(ByteView picture, const jf_payload* stamp) noexcept
{
    if (stamp != nullptr)
        packetiser_->cut(picture, *stamp, sink_);
}

std::uint32_t PictureEncoder::target_bps() const noexcept
{
    const std::uint32_t wanted = wanted_bps_.load(std::memory_order_relaxed);
    return wanted != 0 ? std::clamp(wanted, kMinBitrate, kMaxVideoBitrate)
                       : default_video_bitrate(width_px_, height_px_);
}

/// Microseconds since the picture before, by which an encoder budgets.
double PictureEncoder::advance_clock(std::int64_t time_ns) noexcept
{
    const double nominal_us = 1e6 / stream_.frame_rate;
    double passed_us = nominal_us;
    std::uint32_t timestamp = to_90_khz(time_ns);
    if (started_) {
        passed_us = std::clamp(static_cast<double>(time_ns - last_time_ns_) / 1e3, nominal_us / 4, 1e6);
        if (timestamp == last_timestamp_)
            ++timestamp; // equal timestamps would make one picture of two (RFC 3550 section 5.1)
    }
    last_timestamp_ = timestamp;
    last_time_ns_ = time_ns;
    started_ = true;
    return passed_us;
}

} // namespace jackfield::codec
