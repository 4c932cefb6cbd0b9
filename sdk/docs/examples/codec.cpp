// An encoder of sound that keeps samples as they are (L16, RFC 3551); see sdk/docs/interfaces/codec.md.
#include <jackfield/codec.hpp>

#include <algorithm>
#include <array>

namespace {

// [example]
class L16Encoder final : public jackfield::Encoder {
public:
    explicit L16Encoder(jackfield::PayloadSink sink) : sink_(sink) {}

    jackfield::Status encode(const jf_frame& frame) noexcept override // [media]: the buffer is a member
    {
        if (frame.kind != JF_AUDIO || frame.channels != 1)
            return JF_BAD_INPUT;
        for (std::uint32_t at = 0; at < frame.samples_per_channel;) {
            const auto count = std::min<std::uint32_t>(frame.samples_per_channel - at, kSamples);
            for (std::uint32_t i = 0; i < count; ++i) {
                const auto value = static_cast<std::int16_t>(std::clamp(frame.samples[at + i], -1.0F, 1.0F) * 32767);
                bytes_[2 * i] = static_cast<std::uint8_t>(value >> 8);
                bytes_[2 * i + 1] = static_cast<std::uint8_t>(value & 0xff);
            }
            jf_payload payload{};
            payload.struct_size = sizeof(payload);
            payload.rtp_timestamp = timestamp_;
            payload.bytes = {bytes_.data(), 2 * std::size_t{count}};
            payload.time_ns = frame.time_ns;
            sink_.payload(payload); // borrowed until this returns
            timestamp_ += count;    // the clock of L16 counts samples
            at += count;
        }
        return JF_OK;
    }
    void set_bitrate(std::uint32_t) noexcept override {} // it has but one

private:
    static constexpr std::uint32_t kSamples = 480;
    jackfield::PayloadSink sink_;
    std::array<std::uint8_t, 2 * kSamples> bytes_{};
    std::uint32_t timestamp_ = 0;
};
// [end]

} // namespace
