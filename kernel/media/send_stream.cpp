// One stream on its way out. See send_stream.hpp.

#include "kernel/media/send_stream.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

// A packet of 1200 bytes gets through everywhere, tunnels in tunnels included, and nobody says so where a longer one
// does not. IPv6, UDP and a relay's header go off it; RTP's own, room for an extension and the SRTP tag do.
constexpr int kMaxPayloadBytes = 1200 - 40 - 8 - 4 - 12 - 24;
constexpr int kChannelBytes = 64; // what a channel of the link may add on the way: QUIC adds 25

std::string encoder_config(const AgreedStream& agreed, const jf_source_info& source)
{
    nlohmann::json config{
        {"name", agreed.codec.name},
        {"clock_rate_hz", agreed.codec.clock_rate_hz},
        {"channels", agreed.codec.channels},
        {"parameters", agreed.parameters},
        {"max_payload_bytes", agreed.channel.empty() ? kMaxPayloadBytes : kMaxPayloadBytes - kChannelBytes}};
    if (agreed.codec.default_bitrate_bps > 0)
        config["bitrate_bps"] = agreed.codec.default_bitrate_bps;
    if (agreed.kind == MediaKind::audio) {
        config["sample_rate_hz"] = agreed.codec.sample_rate_hz;
        config["frame_ms"] = agreed.codec.frame_ms;
    } else {
        config["width_px"] = source.width_px;
        config["height_px"] = source.height_px;
        config["frame_rate"] = static_cast<double>(source.frame_rate_millihertz) / 1000.0;
    }
    return config.dump();
}

} // namespace

SendStream::SendStream(const Board& board, const AgreedStream& agreed, const jf_source_info& source,
                       std::function<void()> first_moved)
    : plug_(board.codecs[agreed.codec.plug]),
      config_(encoder_config(agreed, source)),
      agreed_(agreed),
      first_moved_(std::move(first_moved))
{}

SendStream::~SendStream()
{
    if (encoder_.methods != nullptr)
        encoder_.methods->release(encoder_.self);
}

void SendStream::open()
{
    const jf_payload_sink sink{
        this, [](void* self, const jf_payload* payload) { static_cast<SendStream*>(self)->send(*payload); }};
    ErrorSlot error;
    const jf_status status = plug_.methods->open_encoder(plug_.self, abi_text(config_), sink, &encoder_, &error);
    if (const auto bps = bitrate_bps_.load(); status == JF_OK && bps != 0)
        encoder_.methods->set_bitrate(encoder_.self, bps);
    opening_.finish({status, status == JF_OK ? "" : plug_.plugin_id + ": " + error.error(status).text});
    if (const auto bps = bitrate_bps_.load(); status == JF_OK && bps != 0) // it was said between the two
        encoder_.methods->set_bitrate(encoder_.self, bps);
}

jf_source_format SendStream::format() const
{
    jf_source_format format{};
    format.struct_size = sizeof(format);
    format.kind = agreed_.kind == MediaKind::audio ? JF_AUDIO : JF_VIDEO;
    if (agreed_.kind == MediaKind::audio) {
        format.sample_rate_hz = static_cast<std::uint32_t>(agreed_.codec.sample_rate_hz);
        format.channels = static_cast<std::uint32_t>(agreed_.codec.channels);
        format.frame_ms = static_cast<std::uint32_t>(agreed_.codec.frame_ms);
    }
    return format;
}

void SendStream::frame(const jf_frame& frame)
{
    const bool picture = frame.kind == JF_VIDEO;
    if (picture && debt_.should_skip(bitrate_bps_.load(std::memory_order_relaxed), monotonic_ns())) {
        skipped_.fetch_add(1, std::memory_order_relaxed);
        return keep(frame);
    }
    frames_.fetch_add(1, std::memory_order_relaxed);
    const bool sound = frame.kind == JF_AUDIO;
    const jf_frame& worked_on = sound && stages_ ? stages_->process(frame) : frame; // also while nobody hears us
    const jf_frame& sent = sound && muted_.load(std::memory_order_relaxed) ? silenced(worked_on) : worked_on;
    keep(sent);
    encoder_.methods->encode(encoder_.self, &sent);
}

void SendStream::keep(const jf_frame& frame)
{
    jf_sink_session sink{};
    {
        const std::lock_guard lock(keeping_);
        sink = sink_;
    }
    if (sink.methods != nullptr && sink.methods->write_own(sink.self, &frame) != JF_OK)
        unwritten_.fetch_add(1, std::memory_order_relaxed);
}

void SendStream::write_to(jf_sink_session sink)
{
    const std::lock_guard lock(keeping_);
    sink_ = sink;
}

const jf_frame& SendStream::silenced(const jf_frame& frame)
{
    const std::size_t count = std::size_t{frame.samples_per_channel} * frame.channels;
    if (silence_.size() < count)
        silence_.resize(count); // once: frames of a source have one length
    silent_frame_ = frame;
    silent_frame_.struct_size = sizeof(silent_frame_);
    silent_frame_.samples = silence_.data();
    return silent_frame_;
}

void SendStream::send(const jf_payload& payload)
{
    debt_.made(payload.bytes.size);
    {
        const std::lock_guard lock(sending_);
        last_timestamp_ = payload.rtp_timestamp;
        last_time_ns_ = monotonic_ns();
        session_.methods->send(session_.self, number_, &payload);
    }
    if (first_sent_ns_.load(std::memory_order_relaxed) == 0) {
        first_sent_ns_.store(monotonic_ns(), std::memory_order_relaxed);
        first_moved_();
    }
}

void SendStream::send_event(const std::array<std::uint8_t, 4>& event, std::int64_t begun_ns, bool first)
{
    const std::lock_guard lock(sending_);
    if (session_.methods == nullptr || !agreed_.event_payload_type)
        return;
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    if (first) { // all packets of an event have the time at which it began (RFC 4733 section 2.2.1)
        const std::int64_t since_ns = last_time_ns_ == 0 ? 0 : begun_ns - last_time_ns_;
        event_timestamp_ =
            last_timestamp_ + static_cast<std::uint32_t>(since_ns / 1000 * agreed_.codec.clock_rate_hz / 1'000'000);
    }
    payload.rtp_timestamp = event_timestamp_;
    payload.bytes = {event.data(), event.size()};
    payload.marker = first ? 1 : 0;
    payload.payload_type = static_cast<std::uint8_t>(*agreed_.event_payload_type);
    payload.time_ns = begun_ns;
    session_.methods->send(session_.self, number_, &payload);
}

void SendStream::request_key_frame()
{
    if (opening_.usable())
        encoder_.methods->request_key_frame(encoder_.self);
}

void SendStream::set_bitrate(std::uint32_t bits_per_second)
{
    bitrate_bps_.store(bits_per_second);
    if (opening_.usable())
        encoder_.methods->set_bitrate(encoder_.self, bits_per_second);
}

void SendStream::set_loss(std::uint32_t percent)
{
    if (opening_.usable() && JF_HAS(encoder_.methods, set_loss))
        encoder_.methods->set_loss(encoder_.self, percent);
}

} // namespace jackfield::kernel
