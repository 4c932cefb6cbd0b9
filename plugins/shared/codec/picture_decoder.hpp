// What every decoder of pictures does the same way: collects a picture, and after a loss shows nothing until a key
// frame.
//
// Threads: one media thread. Lifetime: lives in the decoder that derives from it.
#pragma once

#include "payload_format.hpp"

#include <jackfield/codec.hpp>

#include <memory>

namespace jackfield::codec {

class PictureDecoder : public Decoder {
public:
    Status decode(const jf_payload& payload) noexcept final;

protected:
    PictureDecoder(std::unique_ptr<Depacketiser> depacketiser, FrameSink sink)
        : sink_(sink), depacketiser_(std::move(depacketiser))
    {}

    /// Decodes a whole picture, with the padding behind it, and hands on what comes out. False if something is wrong
    /// with it; then nothing that refers to it is shown.
    virtual bool show(ByteView picture, std::int64_t time_ns) noexcept = 0;

    const Depacketiser& depacketiser() const { return *depacketiser_; }

    FrameSink sink_;

private:
    void note_loss(std::uint32_t timestamp) noexcept;
    Status finish_picture(std::int64_t time_ns) noexcept;

    std::unique_ptr<Depacketiser> depacketiser_;
    PartialPicture partial_;
    std::uint32_t timestamp_ = 0; // of the picture that is growing, or being skipped
    std::int64_t picture_time_ns_ = 0;
    bool started_ = false;
    bool skipping_ = false; // the rest of this picture is of no use
    bool key_needed_ = true;
};

} // namespace jackfield::codec
