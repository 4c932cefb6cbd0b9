// One stream on its way out. See send_stream.hpp.

#include "kernel/media/send_stream.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

// 1200 bytes is what every path carries (RFC 8261, QUIC); header, extension room and the SRTP tag go off it.
constexpr int kMaxPayloadBytes = 1200 - 12 - 24;
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
    const jf_payload_sink sink{this, [](void* self, const jf_payload* payload) {
                                   auto& stream = *static_cast<SendStream*>(self);
                                   stream.session_.methods->send(stream.session_.self, stream.number_, payload);
                                   if (stream.first_sent_ns_.load(std::memory_order_relaxed) == 0) {
                                       stream.first_sent_ns_.store(monotonic_ns(), std::memory_order_relaxed);
                                       stream.first_moved_();
                                   }
                               }};
    ErrorSlot error;
    const jf_status status = plug_.methods->open_encoder(plug_.self, abi_text(config_), sink, &encoder_, &error);
    opening_.finish({status, status == JF_OK ? "" : plug_.plugin_id + ": " + error.error(status).text});
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
    frames_.fetch_add(1, std::memory_order_relaxed);
    encoder_.methods->encode(encoder_.self, &frame);
}

void SendStream::request_key_frame()
{
    if (opening_.usable())
        encoder_.methods->request_key_frame(encoder_.self);
}

void SendStream::set_loss(std::uint32_t percent)
{
    if (opening_.usable() && JF_HAS(encoder_.methods, set_loss))
        encoder_.methods->set_loss(encoder_.self, percent);
}

} // namespace jackfield::kernel
