// H.264 in RTP (RFC 6184), packetization modes 0 and 1: single units, aggregates (read only) and fragments.
//
// Threads: one media thread. Lifetime: lives in an encoder or decoder.
#pragma once

#include <shared/codec/payload_format.hpp>

#include <string_view>

namespace jackfield::codec {

class H264Packetiser final : public Packetiser {
public:
    explicit H264Packetiser(std::size_t max_payload_bytes);

    /// The picture as units behind start codes (ITU-T H.264 annex B).
    void cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept override;

private:
    void find_units(ByteView picture) noexcept;
    void send_fragments(ByteView unit, bool last_unit, jf_payload stamp, const PayloadSink& sink) noexcept;

    static constexpr std::size_t kMaxUnits = 512;

    std::vector<ByteView> units_;
    std::vector<std::uint8_t> payload_;
};

class H264Depacketiser final : public Depacketiser {
public:
    /// The fmtp of the stream: sprop-parameter-sets (RFC 6184 section 8.1) become the prologue.
    explicit H264Depacketiser(std::string_view parameters);

    Status add(ByteView payload, PartialPicture& picture) noexcept override;
    Bytes prologue() const override { return prologue_; }

private:
    Status add_unit(ByteView unit, PartialPicture& picture) noexcept;
    Status add_aggregate(ByteView payload, PartialPicture& picture) noexcept;
    Status add_fragment(ByteView payload, PartialPicture& picture) noexcept;

    Bytes prologue_;
};

} // namespace jackfield::codec
