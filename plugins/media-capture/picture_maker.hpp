// Pictures of a device as a call wants them: I420, limited range, no larger than asked for.
//
// Threads: one at a time. Lifetime: memory is taken when a picture has another form than the one before.
#pragma once

#include <jackfield/abi/media_source.h>

extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace media_capture {

struct Size {
    int width = 0;
    int height = 0;
    bool operator==(const Size&) const = default;
};

/// Scaled down to what the format bears, keeping the aspect; even, and not below 16.
Size fitted(Size own, const jf_source_format& format);

class PictureMaker {
public:
    explicit PictureMaker(const jf_source_format& format) : format_(format) {}

    /// What it points to is valid until the next call. False if the picture cannot be converted.
    bool make(const AVFrame& from, jf_frame& picture);

private:
    struct FreeSws {
        void operator()(SwsContext* context) const { sws_freeContext(context); }
    };

    jf_source_format format_;
    Size from_;
    int from_format_ = -1;
    Size to_;
    std::unique_ptr<SwsContext, FreeSws> scaler_;
    std::array<std::vector<std::uint8_t>, 3> planes_;
};

} // namespace media_capture
