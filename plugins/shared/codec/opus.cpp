// Opus by libopus. See opus.hpp.
//
// Threads: see opus.hpp. Nothing is allocated after opening.
#include "opus.hpp"

#include "json.hpp"

namespace jackfield::codec {

namespace {

constexpr int kRateHz = 48'000;
constexpr int kChunkSamples = 960;              // 20 ms
constexpr int kMaxPacketSamples = 5760;         // 120 ms, RFC 6716 section 2.1.4
constexpr std::uint32_t kMaxPacketBytes = 1275; // one frame, RFC 6716 section 3.2.1
constexpr int kMaxConcealedSamples = 9600;      // 200 ms: what is longer stays a gap
constexpr std::uint32_t kMostLossPercent = 30;  // beyond it libopus would spend nearly everything on spare copies
constexpr std::uint32_t kMinBitrate = 6'000;
constexpr std::uint32_t kMaxBitrate = 256'000;

int application(const std::string& name)
{
    if (name == "audio")
        return OPUS_APPLICATION_AUDIO;
    return name == "lowdelay" ? OPUS_APPLICATION_RESTRICTED_LOWDELAY : OPUS_APPLICATION_VOIP;
}

bool is_set(const Stream& stream, std::string_view name)
{
    return format_parameter(stream.parameters, name) == "1";
}

/// The bound the receiver asked for (RFC 7587 section 6.1), if it is a number.
std::uint32_t max_average_bitrate(const Stream& stream)
{
    std::uint64_t value = 0;
    for (const char c : format_parameter(stream.parameters, "maxaveragebitrate").value_or("")) {
        if (c < '0' || c > '9' || value > kMaxBitrate)
            break;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value == 0 ? kMaxBitrate : static_cast<std::uint32_t>(std::min<std::uint64_t>(value, kMaxBitrate));
}

std::int64_t duration_ns(int samples)
{
    return std::int64_t{samples} * 1'000'000'000 / kRateHz;
}

} // namespace

OpusOptions read_opus_options(std::string_view config_json, std::string_view prefix)
{
    const nlohmann::json json = parse_object(config_json, JF_BAD_CONFIG);
    const auto key = [prefix](const char* name) { return std::string(prefix) + name; };
    OpusOptions options;
    options.application = json.value(key("application"), options.application);
    options.complexity = json.value(key("complexity"), options.complexity);
    options.stereo = json.value(key("stereo"), options.stereo);
    options.fec = json.value(key("fec"), options.fec);
    options.dtx = json.value(key("dtx"), options.dtx);
    return options;
}

Entry opus_entry(const OpusOptions& options)
{
    Entry entry;
    entry.name = "opus";
    entry.clock_rate_hz = kRateHz; // RFC 7587 section 7: always 48000 and 2 channels; the rest is said in parameters
    entry.channels = 2;
    entry.default_bitrate_bps = kOpusDefaultBitrate;
    entry.min_bitrate_bps = kOpusLeastBitrate;
    const auto add = [&entry](bool wanted, const char* parameter) {
        if (wanted)
            entry.parameters += (entry.parameters.empty() ? "" : ";") + std::string(parameter);
    };
    add(options.fec, "useinbandfec=1");
    add(options.dtx, "usedtx=1");
    add(options.stereo, "stereo=1;sprop-stereo=1");
    return entry;
}

OpusAudioEncoder::OpusAudioEncoder(const OpusOptions& options, const Stream& stream, PayloadSink sink)
    : sink_(sink),
      channels_(is_set(stream, "stereo") ? 2 : 1),
      chunker_(kRateHz, static_cast<std::uint32_t>(channels_), kChunkSamples),
      packet_(std::min(stream.max_payload_bytes, kMaxPacketBytes)),
      wanted_bps_(
          std::min(stream.bitrate_bps != 0 ? stream.bitrate_bps : kOpusDefaultBitrate, max_average_bitrate(stream))),
      most_bps_(max_average_bitrate(stream))
{
    int error = 0;
    encoder_.reset(opus_encoder_create(kRateHz, channels_, application(options.application), &error));
    if (!encoder_)
        throw Failure(JF_INTERNAL, std::string("opus: the encoder does not open: ") + opus_strerror(error));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_COMPLEXITY(options.complexity));
    // Spare copies cost bits and time; they are sent only to a receiver that says it uses them (RFC 7587 section 6.1),
    // and only while it loses packets.
    if (is_set(stream, "useinbandfec"))
        opus_encoder_ctl(encoder_.get(), OPUS_SET_INBAND_FEC(1));
    if (is_set(stream, "usedtx")) // RFC 7587 section 6.1: the receiver prefers to hear nothing of silence
        opus_encoder_ctl(encoder_.get(), OPUS_SET_DTX(1));
    warm_up();
}

void OpusAudioEncoder::warm_up()
{
    const std::vector<float> silence(static_cast<std::size_t>(kChunkSamples * channels_));
    const std::int32_t size = opus_encode_float(encoder_.get(), silence.data(), kChunkSamples, packet_.data(),
                                                static_cast<std::int32_t>(packet_.size()));
    if (size < 0)
        throw Failure(JF_INTERNAL, std::string("opus: the encoder does not work: ") + opus_strerror(size));
    opus_encoder_ctl(encoder_.get(), OPUS_RESET_STATE);
}

Status OpusAudioEncoder::encode(const jf_frame& frame) noexcept
{
    follow_wishes();
    Status sent = JF_OK;
    const Status taken = chunker_.push(frame, [&](const AudioChunk& chunk) {
        if (const Status status = send(chunk); status != JF_OK)
            sent = status;
    });
    return taken != JF_OK ? taken : sent;
}

void OpusAudioEncoder::set_bitrate(std::uint32_t bits_per_second) noexcept
{
    wanted_bps_.store(std::clamp(bits_per_second, kMinBitrate, std::max(most_bps_, kMinBitrate)),
                      std::memory_order_relaxed);
}

/// Losses come in bursts, with quiet reports between them: what was lost is forgotten by halves.
void OpusAudioEncoder::set_loss(std::uint32_t percent) noexcept
{
    const std::uint32_t before = wanted_loss_percent_.load(std::memory_order_relaxed);
    wanted_loss_percent_.store(std::min(std::max(percent, before / 2), kMostLossPercent), std::memory_order_relaxed);
}

void OpusAudioEncoder::follow_wishes() noexcept
{
    const std::uint32_t wanted_bps = wanted_bps_.load(std::memory_order_relaxed);
    if (wanted_bps != applied_bps_) {
        opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(static_cast<std::int32_t>(wanted_bps)));
        applied_bps_ = wanted_bps;
    }
    const std::uint32_t wanted_loss_percent = wanted_loss_percent_.load(std::memory_order_relaxed);
    if (wanted_loss_percent != applied_loss_percent_) {
        opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(static_cast<std::int32_t>(wanted_loss_percent)));
        applied_loss_percent_ = wanted_loss_percent;
    }
}

Status OpusAudioEncoder::send(const AudioChunk& chunk) noexcept
{
    const std::int32_t size = opus_encode_float(encoder_.get(), chunk.samples.data(), kChunkSamples, packet_.data(),
                                                static_cast<std::int32_t>(packet_.size()));
    if (size <= 0)
        return JF_INTERNAL;
    constexpr std::int32_t kNeedNotBeSent = 2; // what libopus makes of silence with DTX: a byte or two
    if (size <= kNeedNotBeSent) {
        silent_ = true;
        return JF_OK;
    }
    const bool spurt = std::exchange(silent_, false);
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    payload.rtp_timestamp = chunk.rtp_timestamp;
    payload.bytes = {packet_.data(), static_cast<std::size_t>(size)};
    payload.marker = chunk.first || spurt ? 1 : 0; // RFC 7587 section 4.1
    payload.time_ns = chunk.time_ns;
    sink_.payload(payload);
    return JF_OK;
}

OpusAudioDecoder::OpusAudioDecoder(const OpusOptions& options, const Stream& stream, FrameSink sink)
    : sink_(sink),
      channels_(options.stereo || is_set(stream, "sprop-stereo") ? 2 : 1),
      samples_(static_cast<std::size_t>(kMaxPacketSamples * channels_))
{
    int error = 0;
    decoder_.reset(opus_decoder_create(kRateHz, channels_, &error));
    if (!decoder_)
        throw Failure(JF_INTERNAL, std::string("opus: the decoder does not open: ") + opus_strerror(error));
}

Status OpusAudioDecoder::decode(const jf_payload& payload) noexcept
{
    const auto size = static_cast<std::int32_t>(std::min<std::size_t>(payload.bytes.size, INT32_MAX));
    const int samples = size > 0 ? opus_packet_get_nb_samples(payload.bytes.data, size, kRateHz) : 0;
    if (samples <= 0 || samples > kMaxPacketSamples)
        return JF_BAD_INPUT;
    if (payload.lost_before > 0 && last_samples_ > 0)
        conceal(payload, samples);
    const int decoded = opus_decode_float(decoder_.get(), payload.bytes.data, size, samples_.data(), kMaxPacketSamples,
                                          /*use_fec=*/0);
    if (decoded <= 0)
        return JF_BAD_INPUT;
    last_samples_ = decoded;
    show(decoded, payload.time_ns, false);
    return JF_OK;
}

/// Plays something for what is missing: what libopus guesses, and for the packet right before this one the spare copy
/// in this one, if there is one (otherwise libopus guesses again).
void OpusAudioDecoder::conceal(const jf_payload& payload, int samples_of_payload) noexcept
{
    const int most = std::max(1, kMaxConcealedSamples / last_samples_);
    for (int left = std::min<int>(payload.lost_before, most); left > 0; --left) {
        const bool spare = left == 1;
        const int samples = spare ? samples_of_payload : last_samples_;
        const int decoded = opus_decode_float(decoder_.get(), spare ? payload.bytes.data : nullptr,
                                              spare ? static_cast<std::int32_t>(payload.bytes.size) : 0,
                                              samples_.data(), samples, spare);
        if (decoded > 0)
            show(decoded, payload.time_ns - left * duration_ns(samples), true);
    }
}

void OpusAudioDecoder::show(int samples_per_channel, std::int64_t time_ns, bool concealed) noexcept
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.time_ns = time_ns;
    frame.samples = samples_.data();
    frame.sample_rate_hz = kRateHz;
    frame.channels = static_cast<std::uint32_t>(channels_);
    frame.samples_per_channel = static_cast<std::uint32_t>(samples_per_channel);
    frame.concealed = concealed ? 1 : 0;
    sink_.frame(frame);
}

} // namespace jackfield::codec
