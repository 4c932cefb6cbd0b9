// G.711 by arithmetic when encoding and by table when decoding.
//
// Threads: see g711.hpp. Nothing is allocated after opening.
#include "g711.hpp"

#include <bit>
#include <cmath>

namespace jackfield::codec {

namespace {

constexpr std::uint32_t kRateHz = 8000;
constexpr int kMuBias = 132;                       // G.711 table 2: segment ends are powers of two once this is added
constexpr int kMuLargest = 32'635;                 // what still fits the last segment with the bias
constexpr std::size_t kMaxConcealedSamples = 1600; // 200 ms; what is longer stays a gap

std::int16_t to_sample(float value)
{
    return static_cast<std::int16_t>(std::lrintf(std::clamp(value, -1.0F, 1.0F) * 32767.0F));
}

/// The segment (0..7) of a magnitude whose first segment ends at 2^first_bits.
int segment(int magnitude, int first_bits)
{
    return std::max(0, static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - first_bits);
}

std::uint8_t mu_encode(std::int16_t sample)
{
    const int sign = sample < 0 ? 0x80 : 0;
    const int magnitude = std::min(std::abs(static_cast<int>(sample)), kMuLargest) + kMuBias;
    const int number = segment(magnitude, 8);
    const int step = (magnitude >> (number + 3)) & 0x0F;
    return static_cast<std::uint8_t>(~(sign | (number << 4) | step));
}

std::int16_t mu_decode(std::uint8_t code)
{
    const int bits = ~code & 0xFF;
    const int number = (bits >> 4) & 7;
    const int magnitude = ((((bits & 0x0F) << 3) + kMuBias) << number) - kMuBias;
    return static_cast<std::int16_t>((bits & 0x80) != 0 ? -magnitude : magnitude);
}

std::uint8_t a_encode(std::int16_t sample)
{
    // A-law has 13 bits; every second bit of a code is inverted on the line, and a set sign bit means positive.
    const int sign = sample < 0 ? 0 : 0x80;
    const int magnitude = (sample < 0 ? -(sample + 1) : sample) >> 3;
    const int number = segment(magnitude, 5);
    const int step = (number < 2 ? magnitude >> 1 : magnitude >> number) & 0x0F;
    return static_cast<std::uint8_t>((sign | (number << 4) | step) ^ 0x55);
}

std::int16_t a_decode(std::uint8_t code)
{
    const int bits = code ^ 0x55;
    const int number = (bits >> 4) & 7;
    const int step = ((bits & 0x0F) << 4) + 8; // the middle of the step
    const int magnitude = number == 0 ? step : (step + 0x100) << (number - 1);
    return static_cast<std::int16_t>((bits & 0x80) != 0 ? magnitude : -magnitude);
}

} // namespace

Entry g711_entry(G711Law law)
{
    Entry entry;
    entry.name = law == G711Law::mu ? "PCMU" : "PCMA";
    entry.clock_rate_hz = kRateHz;
    entry.static_payload_type = law == G711Law::mu ? 0 : 8; // RFC 3551 section 6
    entry.default_bitrate_bps = 64'000;
    return entry;
}

std::optional<G711Law> g711_law(std::string_view name)
{
    if (name == "PCMU")
        return G711Law::mu;
    return name == "PCMA" ? std::optional(G711Law::a) : std::nullopt;
}

std::uint8_t g711_encode(G711Law law, std::int16_t sample)
{
    return law == G711Law::mu ? mu_encode(sample) : a_encode(sample);
}

std::int16_t g711_decode(G711Law law, std::uint8_t code)
{
    return law == G711Law::mu ? mu_decode(code) : a_decode(code);
}

G711Encoder::G711Encoder(G711Law law, PayloadSink sink) : law_(law), sink_(sink), chunker_(kRateHz, 1, kChunkSamples)
{}

Status G711Encoder::encode(const jf_frame& frame) noexcept
{
    return chunker_.push(frame, [this](const AudioChunk& chunk) { send(chunk); });
}

void G711Encoder::send(const AudioChunk& chunk) noexcept
{
    std::transform(chunk.samples.begin(), chunk.samples.end(), packet_.begin(),
                   [this](float value) { return g711_encode(law_, to_sample(value)); });
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    payload.rtp_timestamp = chunk.rtp_timestamp;
    payload.bytes = {packet_.data(), packet_.size()};
    payload.marker = chunk.first ? 1 : 0;
    payload.time_ns = chunk.time_ns;
    sink_.payload(payload);
}

G711Decoder::G711Decoder(G711Law law, FrameSink sink) : sink_(sink)
{
    for (std::size_t code = 0; code < table_.size(); ++code)
        table_[code] = static_cast<float>(g711_decode(law, static_cast<std::uint8_t>(code))) / 32768.0F;
}

Status G711Decoder::decode(const jf_payload& payload) noexcept
{
    if (payload.bytes.size == 0 || payload.bytes.size > samples_.size())
        return JF_BAD_INPUT;
    conceal(payload);
    last_count_ = payload.bytes.size;
    std::transform(payload.bytes.data, payload.bytes.data + last_count_, samples_.begin(),
                   [this](std::uint8_t code) { return table_[code]; });
    show(last_count_, payload.time_ns, false);
    return JF_OK;
}

/// Repeats the packet before, half as loud each time.
void G711Decoder::conceal(const jf_payload& payload) noexcept
{
    const std::int64_t packet_ns = static_cast<std::int64_t>(last_count_) * 1'000'000'000 / kRateHz;
    const std::size_t most = last_count_ > 0 ? std::max<std::size_t>(1, kMaxConcealedSamples / last_count_) : 0;
    for (auto left = static_cast<int>(std::min<std::size_t>(payload.lost_before, most)); left > 0; --left) {
        for (std::size_t i = 0; i < last_count_; ++i)
            samples_[i] *= 0.5F;
        show(last_count_, payload.time_ns - left * packet_ns, true);
    }
}

void G711Decoder::show(std::size_t count, std::int64_t time_ns, bool concealed) noexcept
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.time_ns = time_ns;
    frame.samples = samples_.data();
    frame.sample_rate_hz = kRateHz;
    frame.channels = 1;
    frame.samples_per_channel = static_cast<std::uint32_t>(count);
    frame.concealed = concealed ? 1 : 0;
    sink_.frame(frame);
}

} // namespace jackfield::codec
