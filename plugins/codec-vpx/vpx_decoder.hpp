// VP8 and VP9 payloads to pictures, by libvpx. After a loss nothing is shown until a key frame.
//
// Threads: one media thread. Lifetime: opened when made, released by the kernel.
#pragma once

#include "frame_pool.hpp"
#include "options.hpp"
#include "vpx_context.hpp"

#include <shared/codec/picture_decoder.hpp>

#include <vpx/vpx_decoder.h>

namespace jackfield::codec {

class VpxDecoder final : public PictureDecoder {
public:
    /// Throws Failure.
    VpxDecoder(VpxFormat format, FrameSink sink);

private:
    bool show(ByteView encoded, std::int64_t time_ns) noexcept override;
    bool within_bounds(ByteView encoded) const noexcept;
    bool hand_on(const vpx_image_t& image, std::int64_t time_ns) noexcept;

    VpxFormat format_;
    FramePool pool_; // VP9: outlives the context, which decodes into it
    VpxContext context_;
};

} // namespace jackfield::codec
