// VP8 in RTP (RFC 7741): a descriptor in front of each piece of a picture.
//
// Threads: one media thread. Lifetime: lives in an encoder or decoder.
#pragma once

#include "payload_format.hpp"

namespace jackfield::codec {

class Vp8Packetiser final : public Packetiser {
public:
    explicit Vp8Packetiser(std::size_t max_payload_bytes) : payload_(max_payload_bytes) {}

    void cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept override;

private:
    std::vector<std::uint8_t> payload_;
    std::uint16_t picture_id_ = 0;
};

class Vp8Depacketiser final : public Depacketiser {
public:
    Status add(ByteView payload, PartialPicture& picture) noexcept override;
};

} // namespace jackfield::codec
