// G.711, mu-law and A-law (RFC 3551 sections 4.5.14): 8 kHz, one byte a sample.
//
// Threads: encode and decode on one media thread each. Lifetime: opened warm, released by the kernel.
#pragma once

#include "audio_chunker.hpp"
#include "offer.hpp"

#include <jackfield/codec.hpp>

#include <array>
#include <optional>

namespace jackfield::codec {

enum class G711Law { mu, a };

/// How PCMU or PCMA is offered, and which law it is.
Entry g711_entry(G711Law law);
std::optional<G711Law> g711_law(std::string_view name);

/// One sample of 16 bits to its code, and back.
std::uint8_t g711_encode(G711Law law, std::int16_t sample);
std::int16_t g711_decode(G711Law law, std::uint8_t code);

class G711Encoder final : public Encoder {
public:
    G711Encoder(G711Law law, PayloadSink sink);

    Status encode(const jf_frame& frame) noexcept override;
    void set_bitrate(std::uint32_t) noexcept override {} // G.711 is 64 kb/s

private:
    static constexpr std::uint32_t kChunkSamples = 160; // 20 ms

    void send(const AudioChunk& chunk) noexcept;

    G711Law law_;
    PayloadSink sink_;
    AudioChunker chunker_;
    std::array<std::uint8_t, kChunkSamples> packet_{};
};

class G711Decoder final : public Decoder {
public:
    G711Decoder(G711Law law, FrameSink sink);

    Status decode(const jf_payload& payload) noexcept override;

private:
    static constexpr std::size_t kMaxSamples = 1920; // 240 ms in one packet

    void conceal(const jf_payload& payload) noexcept;
    void show(std::size_t count, std::int64_t time_ns, bool concealed) noexcept;

    FrameSink sink_;
    std::array<float, 256> table_{};
    std::array<float, kMaxSamples> samples_{};
    std::size_t last_count_ = 0; // samples of the packet before, still in samples_
};

} // namespace jackfield::codec
