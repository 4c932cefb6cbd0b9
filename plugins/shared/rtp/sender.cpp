// Numbers, protects and sends (RFC 3550 section 5.1, RFC 3711).
//
// Threads: see the header; nothing here allocates after construction.
#include "sender.hpp"

#include "rtp_packet.hpp"

namespace jackfield::rtp {

namespace {

/// A capture time further from now than this is a mistake of the caller, and now is the better guess.
constexpr std::int64_t kPlausibleCaptureNs = 10 * kSecondNs;

} // namespace

Sender::Sender(const StreamConfig& config, const Path& rtp_path, const Path& rtcp_path, bool clear_rtcp,
               std::uint64_t random)
    : config_(config),
      rtp_path_(rtp_path),
      rtcp_path_(rtcp_path),
      rtp_limit_bytes_(std::min<std::size_t>(rtp_path.describe().max_datagram_bytes, kMaxPacketBytes)),
      protects_rtcp_(config.send_key.has_value() && !clear_rtcp),
      sends_(config.sends && !config.ended),
      // In the lower half: a receiver that misses the first packets could otherwise not tell that the sequence number
      // wrapped between them, and would open nothing (RFC 3711 section 3.3.1 starts the rollover counter at 0).
      sequence_(static_cast<std::uint16_t>(random & 0x7fffU)),
      timestamp_offset_(static_cast<std::uint32_t>(random >> 32))
{
    if (config.send_key)
        protector_ = config.send_key->suite->protector(*config.send_key, config.ssrc);
}

Status Sender::send(const jf_payload& payload, std::int64_t now_ns) noexcept
{
    if (!sends_.load(std::memory_order_relaxed))
        return JF_REFUSED;
    const std::size_t tag_bytes = config_.send_key ? config_.send_key->suite->tag_bytes : 0;
    if (payload.bytes.size > rtp_limit_bytes_ || kRtpHeaderBytes + payload.bytes.size + tag_bytes > rtp_limit_bytes_)
        return JF_BAD_INPUT;
    std::uint8_t buffer[kMaxPacketBytes + kMaxTrailerBytes];
    const std::size_t size = build(buffer, payload, now_ns);
    if (size == 0)
        return JF_INTERNAL;
    const Status status = rtp_path_.send(ByteView(buffer, size));

    const std::lock_guard lock(mutex_);
    if (status == JF_OK) {
        ++counters_.packets;
        counters_.payload_bytes += payload.bytes.size;
    } else if (status == JF_WOULD_BLOCK) {
        ++counters_.dropped;
    }
    return status;
}

/// The number is used up even if the path then takes nothing: a number never protects two different packets.
std::size_t Sender::build(std::span<std::uint8_t> buffer, const jf_payload& payload, std::int64_t now_ns)
{
    const std::lock_guard lock(mutex_);
    RtpHeader header;
    header.sequence = sequence_++;
    header.timestamp = payload.rtp_timestamp + timestamp_offset_;
    header.ssrc = config_.ssrc;
    const bool event = config_.event_payload_type == payload.payload_type;
    header.payload_type = event ? payload.payload_type : config_.payload_type;
    header.marker = payload.marker != 0;
    std::size_t size = write_rtp_header(buffer, header);
    if (payload.bytes.size != 0)
        std::memcpy(&buffer[size], payload.bytes.data, payload.bytes.size);
    size += payload.bytes.size;

    if (!event) // its timestamp stands still while it lasts
        remember_capture(header.timestamp, payload.time_ns, now_ns);
    return !protector_ || protector_->rtp(buffer, size) ? size : 0;
}

void Sender::remember_capture(std::uint32_t timestamp, std::int64_t capture_ns, std::int64_t now_ns)
{
    const std::int64_t age = now_ns - capture_ns;
    const bool plausible = age > -kPlausibleCaptureNs && age < kPlausibleCaptureNs;
    last_timestamp_ = timestamp;
    last_capture_ns_ = plausible ? capture_ns : now_ns;
}

Status Sender::send_rtcp(RtcpWriter& compound) noexcept
{
    std::size_t size = compound.size();
    {
        const std::lock_guard lock(mutex_);
        if (protects_rtcp_ && !protector_->rtcp(compound.buffer(), size))
            return JF_INTERNAL;
        sent_rtcp_ = true;
    }
    return rtcp_path_.send(compound.buffer().first(size));
}

std::optional<SenderInfo> Sender::report(std::int64_t now_ns, const NtpClock& clock, bool regular)
{
    const std::lock_guard lock(mutex_);
    const bool sent_lately = counters_.packets > packets_at_report_[1];
    if (regular) {
        packets_at_report_[1] = packets_at_report_[0];
        packets_at_report_[0] = counters_.packets;
    }
    if (!sent_lately)
        return std::nullopt;
    // RFC 3550 section 6.4.1: the RTP timestamp belongs to the same instant as the NTP one, which is now.
    const std::int64_t since_capture = to_units(now_ns - last_capture_ns_, config_.clock_rate_hz);
    return SenderInfo{clock.at(now_ns), last_timestamp_ + static_cast<std::uint32_t>(since_capture),
                      static_cast<std::uint32_t>(counters_.packets),
                      static_cast<std::uint32_t>(counters_.payload_bytes)};
}

Sender::Counters Sender::counters() const
{
    const std::lock_guard lock(mutex_);
    return counters_;
}

bool Sender::silent_so_far() const
{
    const std::lock_guard lock(mutex_);
    return counters_.packets == 0 && !sent_rtcp_;
}

} // namespace jackfield::rtp
