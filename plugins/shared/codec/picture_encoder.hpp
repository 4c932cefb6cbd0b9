// What every encoder of pictures does the same way: checks them, keeps the RTP clock, follows what was asked for, and
// opens warm when the size is known.
//
// Threads: encode on one media thread; set_bitrate and request_key_frame on any. Lifetime: lives in the encoder that
// derives from it.
#pragma once

#include "payload_format.hpp"
#include "stream.hpp"

#include <jackfield/codec.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace jackfield::codec {

class PictureEncoder : public Encoder {
public:
    Status encode(const jf_frame& frame) noexcept final;
    void set_bitrate(std::uint32_t bits_per_second) noexcept final;
    void request_key_frame() noexcept final;

protected:
    /// One picture to encode.
    struct Task {
        const jf_frame& frame;
        std::uint32_t bitrate_bps;
        double passed_us; ///< since the picture before
        bool key;
        const jf_payload* stamp; ///< null: nobody will see the result
    };

    PictureEncoder(const Stream& stream, std::unique_ptr<Packetiser> packetiser, PayloadSink sink);

    /// Last in the constructor of who derives: opens and warms up if the size is known. Throws Failure.
    void open_early(const char* library);

    /// Opens, or opens anew, for pictures of that size, which is even. 0, or the library's code for what went wrong.
    virtual int open(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t bitrate_bps) noexcept = 0;

    /// The library's words for such a code.
    virtual std::string reason(int error) const = 0;

    /// Encodes one picture of the size that was opened; what comes out goes to `send`.
    virtual Status run(const Task& task) noexcept = 0;

    void send(ByteView picture, const jf_payload* stamp) noexcept;

    const Stream& stream() const { return stream_; }
    std::uint32_t width_px() const { return width_px_; }
    std::uint32_t height_px() const { return height_px_; }

private:
    int open_for(std::uint32_t width_px, std::uint32_t height_px) noexcept;
    void warm_up();
    std::uint32_t target_bps() const noexcept;
    double advance_clock(std::int64_t time_ns) noexcept;

    Stream stream_;
    std::unique_ptr<Packetiser> packetiser_;
    PayloadSink sink_;
    std::atomic<std::uint32_t> wanted_bps_; // 0: our default for the size
    std::atomic<bool> key_frame_wanted_{true};
    std::uint32_t width_px_ = 0; // 0: not open
    std::uint32_t height_px_ = 0;
    std::int64_t last_time_ns_ = 0;
    std::uint32_t last_timestamp_ = 0;
    bool started_ = false;
};

} // namespace jackfield::codec
