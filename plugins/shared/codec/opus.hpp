// Opus (RFC 6716) in RTP (RFC 7587): one packet is one payload, always 20 ms when we send.
//
// By libopus itself and not through libavcodec: that neither conceals a missing packet, nor reads in-band FEC, nor
// changes the rate of an open encoder.
//
// Threads: encode and decode on one media thread each; set_bitrate on any. Lifetime: opened warm, released by the
// kernel.
#pragma once

#include "audio_chunker.hpp"
#include "offer.hpp"
#include "stream.hpp"

#include <jackfield/codec.hpp>

#include <opus.h>

#include <atomic>
#include <memory>

namespace jackfield::codec {

struct OpusOptions {
    std::string application = "voip";
    int complexity = 5;
    bool stereo = false;
    bool fec = true;
    bool dtx = false;
};

/// From the options of a plugin, whose names begin with the prefix ("opus_" where it has other codecs, too).
OpusOptions read_opus_options(std::string_view config_json, std::string_view prefix);

/// How Opus is offered (RFC 7587 section 7).
Entry opus_entry(const OpusOptions& options);

struct OpusFree {
    void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
    void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

inline constexpr std::uint32_t kOpusDefaultBitrate = 32'000;
inline constexpr std::uint32_t kOpusLeastBitrate = 12'000; // wideband speech (RFC 7587 section 3.1.1)

class OpusAudioEncoder final : public Encoder {
public:
    OpusAudioEncoder(const OpusOptions& options, const Stream& stream, PayloadSink sink);

    Status encode(const jf_frame& frame) noexcept override;
    void set_bitrate(std::uint32_t bits_per_second) noexcept override;
    void set_loss(std::uint32_t percent) noexcept override;

private:
    void warm_up();
    void follow_wishes() noexcept;
    Status send(const AudioChunk& chunk) noexcept;

    PayloadSink sink_;
    int channels_;
    AudioChunker chunker_;
    std::vector<std::uint8_t> packet_;
    std::unique_ptr<OpusEncoder, OpusFree> encoder_;
    std::atomic<std::uint32_t> wanted_bps_;
    std::uint32_t applied_bps_ = 0;
    std::atomic<std::uint32_t> wanted_loss_percent_{0};
    std::uint32_t applied_loss_percent_ = 0;
    const std::uint32_t most_bps_; // what the receiver asked for
    bool silent_ = false;          // nothing was sent for the frame before
};

class OpusAudioDecoder final : public Decoder {
public:
    OpusAudioDecoder(const OpusOptions& options, const Stream& stream, FrameSink sink);

    Status decode(const jf_payload& payload) noexcept override;

private:
    void conceal(const jf_payload& payload, int samples_of_payload) noexcept;
    void show(int samples_per_channel, std::int64_t time_ns, bool concealed) noexcept;

    FrameSink sink_;
    int channels_;
    std::vector<float> samples_;
    std::unique_ptr<OpusDecoder, OpusFree> decoder_;
    int last_samples_ = 0; // length of the packet before, 0 before the first
};

} // namespace jackfield::codec
