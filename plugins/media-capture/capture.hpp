// A camera or a screen that FFmpeg has open: one picture after the other, as the device gives them.
//
// Threads: one at a time. Lifetime: a session's thread has one; opening another takes its time.
#pragma once

#include "options.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <shared/devices/device_list.hpp>

#include <memory>
#include <string>
#include <vector>

namespace media_capture {

template <auto function>
struct Free {
    template <typename T>
    void operator()(T* object) const
    {
        function(&object);
    }
};

using Frame = std::unique_ptr<AVFrame, Free<av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, Free<av_packet_free>>;

/// What is to be opened.
struct Wanted {
    bool screen = false;
    std::string device; // "/dev/video0", ":0"
    Options options;

    int frame_rate() const { return screen ? options.screen_frame_rate : options.frame_rate; }
};

/// Of the name of a source. Throws Failure(JF_NOT_FOUND) if there is no such device; none is opened for that.
Wanted find(std::string_view name, const Options& options);

/// Cameras, and the screen of DISPLAY.
std::vector<jackfield::devices::Device> list_devices();

class Capture {
public:
    /// Throws Failure: JF_NOT_FOUND, JF_REFUSED (no right to it), JF_BUSY, JF_BAD_INPUT.
    explicit Capture(const Wanted& wanted);

    int width() const { return decoder_->width; }
    int height() const { return decoder_->height; }

    enum class Next { picture, nothing_yet, gone };

    /// The next picture, borrowed until the next call.
    Next next(AVFrame*& picture);

private:
    std::unique_ptr<AVFormatContext, Free<avformat_close_input>> input_;
    std::unique_ptr<AVCodecContext, Free<avcodec_free_context>> decoder_;
    Packet packet_;
    Frame frame_;
};

} // namespace media_capture
