// The memory that libvpx decodes VP9 pictures into: bounded, and used again.
//
// Threads: one media thread. Lifetime: outlives the decoder. Memory grows to what pictures need and stays.
#pragma once

#include <shared/codec/stream.hpp>

#include <vpx/vpx_frame_buffer.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>

namespace jackfield::codec {

class FramePool {
public:
    /// libvpx keeps up to eight pictures to refer to, and has some at hand.
    static constexpr std::size_t kMostFrames = VP9_MAXIMUM_REF_BUFFERS + VPX_MAXIMUM_WORK_BUFFERS;

    /// The largest picture of 8 bits, with the margin of 160 that libvpx draws around it, its rounding and alignment.
    static constexpr std::size_t kMostBytes = std::size_t{kMaxSidePx + 512} * (kMaxSidePx + 512) * 3 / 2;

    FramePool() = default;
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    static int take(void* self, std::size_t bytes, vpx_codec_frame_buffer_t* out) noexcept
    {
        return static_cast<FramePool*>(self)->take(bytes, *out);
    }

    static int give_back(void*, vpx_codec_frame_buffer_t* buffer) noexcept
    {
        if (buffer->priv != nullptr)
            static_cast<Frame*>(buffer->priv)->used = false;
        return 0;
    }

private:
    struct Frame {
        std::unique_ptr<std::uint8_t[]> bytes;
        std::size_t size = 0;
        bool used = false;
    };

    int take(std::size_t bytes, vpx_codec_frame_buffer_t& out) noexcept
    {
        if (bytes > kMostBytes)
            return -1;
        for (auto& frame : frames_) {
            if (frame.used)
                continue;
            if (frame.size < bytes) {
                frame.size = 0;
                frame.bytes.reset(new (std::nothrow) std::uint8_t[bytes]()); // libvpx wants zeros
                if (!frame.bytes)
                    return -1;
                frame.size = bytes;
            }
            frame.used = true;
            out = {frame.bytes.get(), frame.size, &frame};
            return 0;
        }
        return -1;
    }

    std::array<Frame, kMostFrames> frames_;
};

} // namespace jackfield::codec
