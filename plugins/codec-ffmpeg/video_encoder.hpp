// VP8 by libvpx and H.264 by libx264, both through libavcodec and tuned for delay: one picture in, one out.
//
// Threads: encode on one media thread; set_bitrate and request_key_frame on any. Lifetime: opened warm when the size is
// known; another size reopens it.
#pragma once

#include "av.hpp"
#include "codec_config.hpp"
#include "payload_format.hpp"

#include <atomic>
#include <memory>

namespace jackfield::codec {

class VideoEncoder final : public Encoder {
public:
    /// Throws Failure.
    VideoEncoder(VideoFormat format, const Options& options, const Stream& stream, PayloadSink sink);

    Status encode(const jf_frame& frame) noexcept override;
    void set_bitrate(std::uint32_t bits_per_second) noexcept override;
    void request_key_frame() noexcept override;

private:
    int open(std::uint32_t width_px, std::uint32_t height_px) noexcept;
    void configure_vp8() noexcept;
    void configure_h264() noexcept;
    void warm_up() noexcept;
    std::uint32_t target_bps() const noexcept;
    void follow_bitrate() noexcept;
    void advance_clocks(std::int64_t time_ns) noexcept;
    void borrow(const jf_frame& frame) noexcept;
    Status run(const jf_payload* stamp) noexcept;

    VideoFormat format_;
    Stream stream_;
    std::uint32_t key_frame_interval_s_;
    PayloadSink sink_;
    std::unique_ptr<Packetiser> packetiser_;
    Av<AVCodecContext> context_;
    Av<AVFrame> picture_;
    Av<AVPacket> packet_;
    std::atomic<std::uint32_t> wanted_bps_; // 0: our default for the size
    std::atomic<bool> key_frame_wanted_{true};
    std::uint32_t open_bps_ = 0; // what the open encoder believes
    std::uint32_t bps_ = 0;      // what it shall really make
    std::int64_t last_time_ns_ = 0;
    std::uint32_t last_timestamp_ = 0;
    double clock_us_ = 0; // the encoder's own time
    bool started_ = false;
};

} // namespace jackfield::codec
