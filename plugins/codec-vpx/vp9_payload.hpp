// VP9 in RTP (RFC 9628): a descriptor in front of each piece of a picture. We send one layer in non-flexible mode, and
// take whatever a peer sends.
//
// Threads: one media thread. Lifetime: lives in an encoder or decoder.
#pragma once

#include <shared/codec/payload_format.hpp>

namespace jackfield::codec {

class Vp9Packetiser final : public Packetiser {
public:
    explicit Vp9Packetiser(std::size_t max_payload_bytes) : payload_(max_payload_bytes) {}

    void cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept override;

private:
    std::size_t write_descriptor(ByteView picture, bool begins) noexcept;

    std::vector<std::uint8_t> payload_;
    std::uint16_t picture_id_ = 0;
};

class Vp9Depacketiser final : public Depacketiser {
public:
    Status add(ByteView payload, PartialPicture& picture) noexcept override;
};

} // namespace jackfield::codec
