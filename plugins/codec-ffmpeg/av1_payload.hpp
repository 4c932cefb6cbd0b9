// AV1 in RTP (AOM: RTP Payload Format For AV1, version 1.0): units gathered in packets, and cut over several.
//
// Threads: one media thread. Lifetime: lives in an encoder or decoder.
#pragma once

#include "av1_obu.hpp"

#include <shared/codec/payload_format.hpp>

#include <array>

namespace jackfield::codec {

class Av1Packetiser final : public Packetiser {
public:
    explicit Av1Packetiser(std::size_t max_payload_bytes);

    /// The picture as a temporal unit in the low-overhead format (AV1 specification, section 5.2).
    void cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept override;

private:
    static constexpr std::size_t kMaxUnits = 512;
    static constexpr std::size_t kMaxElements = 3; // as many as W can count

    /// What of one unit goes into one packet.
    struct Element {
        const Obu* obu = nullptr;
        std::size_t from = 0; // in the unit without its size
        std::size_t size = 0;
    };

    void find_units(ByteView picture) noexcept;
    bool plan() noexcept;
    std::size_t write(bool first) noexcept;

    std::vector<Obu> units_;
    bool begins_sequence_ = false;
    std::size_t unit_ = 0;    // the next to be sent
    std::size_t unit_at_ = 0; // how much of it was sent
    bool continues_ = false;  // the first element goes on from the packet before
    std::array<Element, kMaxElements> elements_;
    std::size_t element_count_ = 0;
    std::vector<std::uint8_t> payload_;
};

class Av1Depacketiser final : public Depacketiser {
public:
    static constexpr std::size_t kMaxElements = 128; ///< of one packet

    /// The picture becomes a temporal unit in the low-overhead format, without its delimiter.
    Status add(ByteView payload, PartialPicture& picture) noexcept override;

private:
    bool finish_unit(PartialPicture& picture) noexcept;

    std::size_t unit_at_ = 0;          // where in the picture the unit begins that is growing
    bool has_sequence_header_ = false; // in this picture
};

} // namespace jackfield::codec
