// Numbers, protects and sends (RFC 3550 section 5.1, RFC 3711).
//
// Threads: see the header; nothing here allocates after construction.
#include "sender.hpp"

#include "rtp_packet.hpp"

namespace jackfield::rtp {

namespace {

/// A capture time further from now than this is a mistake of the caller, and now is the better guess.
constexpr std::int64_t kPlausibleCaptureNs = 10 * kSecondNs;

constexpr std::uint32_t kIpUdpBytes = 28; // IPv4; a path that knows better says so

constexpr std::uint8_t kMostRepairs = 5;
constexpr std::int64_t kRepairAgeNs = kSecondNs;
constexpr std::int64_t kRepairAgainNs = 10 * kMillisecondNs; // the same request by two ways
constexpr std::size_t kRepairDivisor = 4;                    // of what is sent in two seconds
constexpr std::size_t kLeastRepairBytes = 20'000;            // in a second

} // namespace

Sender::Sender(const StreamConfig& config, std::uint32_t number, const SessionContext& context, const Path& rtp_path,
               const Path& rtcp_path, std::uint64_t random)
    : config_(config),
      number_(number),
      context_(context),
      rtp_path_(rtp_path),
      rtcp_path_(rtcp_path),
      protects_rtcp_(config.send_key.has_value() && !context.options.clear_rtcp),
      sends_(config.sends && !config.ended),
      // In the lower half: a receiver that misses the first packets could otherwise not tell that the sequence number
      // wrapped between them, and would open nothing (RFC 3711 section 3.3.1 starts the rollover counter at 0).
      sequence_(static_cast<std::uint16_t>(random & 0x7fffU)),
      timestamp_offset_(static_cast<std::uint32_t>(random >> 32)),
      repair_sequence_(static_cast<std::uint16_t>(random >> 16 & 0x7fffU))
{
    const jf_path_info path = rtp_path.describe();
    rtp_limit_bytes_ = std::min<std::size_t>(path.max_datagram_bytes, kMaxPacketBytes);
    const std::size_t tag_bytes = config.send_key ? config.send_key->suite->tag_bytes : 0;
    packet_overhead_bytes_ =
        static_cast<std::uint32_t>(kRtpHeaderBytes + tag_bytes) + std::max(path.overhead_bytes, kIpUdpBytes);
    if (config.send_key)
        protector_ = config.send_key->suite->protector(*config.send_key, config.ssrc);
    if (config.send_key && config.repair)
        repair_protector_ = config.send_key->suite->protector(*config.send_key, config.repair->ssrc);
    if (config.video && (config.repair || config.rates.max_bps != 0))
        history_ = std::make_unique<SendHistory>();
}

Status Sender::send(const jf_payload& payload, std::int64_t now_ns) noexcept
{
    if (!sends_.load(std::memory_order_relaxed))
        return JF_REFUSED;
    const std::size_t tag_bytes = config_.send_key ? config_.send_key->suite->tag_bytes : 0;
    if (payload.bytes.size > rtp_limit_bytes_ || kRtpHeaderBytes + payload.bytes.size + tag_bytes > rtp_limit_bytes_)
        return JF_BAD_INPUT;
    if (history_ && payload.bytes.size <= kMaxPayloadBytes)
        return queue(payload, now_ns);
    const bool event = config_.event_payload_type == payload.payload_type;
    return put_out(number(payload, event, now_ns), view(payload.bytes), now_ns);
}

/// The number is used up even if the path then takes nothing: a number never protects two different packets.
RtpHeader Sender::number(const jf_payload& payload, bool event, std::int64_t now_ns)
{
    const std::lock_guard lock(mutex_);
    RtpHeader header;
    header.sequence = sequence_++;
    header.timestamp = payload.rtp_timestamp + timestamp_offset_;
    header.ssrc = config_.ssrc;
    header.payload_type = event ? payload.payload_type : config_.payload_type;
    header.marker = payload.marker != 0;
    if (!event) // its timestamp stands still while it lasts
        remember_capture(header.timestamp, payload.time_ns, now_ns);
    return header;
}

std::size_t Sender::build(std::span<std::uint8_t> buffer, const RtpHeader& header, ByteView payload)
{
    std::size_t size = write_rtp_header(buffer, header);
    if (!payload.empty())
        std::memcpy(&buffer[size], payload.data(), payload.size());
    size += payload.size();
    const std::lock_guard lock(mutex_);
    return !protector_ || protector_->rtp(buffer, size) ? size : 0;
}

Status Sender::put_out(const RtpHeader& header, ByteView payload, std::int64_t now_ns)
{
    std::uint8_t buffer[kMaxPacketBytes + kMaxTrailerBytes];
    const std::size_t size = build(buffer, header, payload);
    if (size == 0)
        return JF_INTERNAL;
    const Status status = rtp_path_.send(ByteView(buffer, size));
    {
        const std::lock_guard lock(mutex_);
        if (status == JF_OK) {
            ++counters_.packets;
            counters_.payload_bytes += payload.size();
        } else if (status == JF_WOULD_BLOCK) {
            ++counters_.dropped;
        }
    }
    RateControl* const rates = context_.rates.load(std::memory_order_acquire);
    if (status == JF_OK && rates != nullptr)
        rates->left(
            {number_, false, header.sequence, wire_bytes(payload.size()), static_cast<std::uint32_t>(payload.size())},
            now_ns);
    return status;
}

std::uint32_t Sender::wire_bytes(std::size_t payload_bytes) const
{
    return static_cast<std::uint32_t>(payload_bytes) + packet_overhead_bytes_;
}

// --- pictures: a queue, and repair ----------------------------------------------------------------------------------

Status Sender::queue(const jf_payload& payload, std::int64_t now_ns)
{
    const std::lock_guard lock(queue_mutex_);
    if (history_->clogged(now_ns)) {
        const std::size_t given_up = history_->waiting() + 1;
        while (history_->waiting() != 0)
            history_->pop(0);
        overflow_.store(true, std::memory_order_relaxed);
        const std::lock_guard counting(mutex_);
        counters_.dropped += given_up;
        ++sequence_; // the peer sees that something is missing
        return JF_WOULD_BLOCK;
    }
    history_->put(number(payload, false, now_ns), view(payload.bytes), now_ns);
    return let_go(now_ns);
}

bool Sender::may_leave(std::size_t payload_bytes, std::int64_t now_ns) const
{
    const RateControl* const rates = context_.rates.load(std::memory_order_acquire);
    return rates == nullptr || !context_.paced || rates->may_leave(wire_bytes(payload_bytes), now_ns);
}

/// What was asked for again goes first: somebody waits for it already. The status is that of the last packet.
Status Sender::let_go(std::int64_t now_ns)
{
    send_repairs(now_ns);
    Status status = JF_OK;
    while (history_->waiting() != 0 && may_leave(history_->front().size_bytes, now_ns)) {
        const SendHistory::Packet& packet = history_->front();
        RtpHeader header;
        header.sequence = packet.sequence;
        header.timestamp = packet.timestamp;
        header.ssrc = config_.ssrc;
        header.payload_type = packet.payload_type;
        header.marker = packet.marker;
        status = put_out(header, history_->payload(packet), now_ns);
        sent_bytes_ += packet.size_bytes;
        history_->pop(status == JF_OK ? now_ns : 0);
    }
    return status;
}

void Sender::drain(std::int64_t now_ns) noexcept
{
    if (!history_)
        return;
    const std::lock_guard lock(queue_mutex_);
    let_go(now_ns);
}

void Sender::want_repair(std::uint16_t sequence, std::int64_t now_ns) noexcept
{
    if (!history_ || !config_.repair)
        return;
    const std::lock_guard lock(queue_mutex_);
    const SendHistory::Packet* packet = history_->find(sequence);
    if (packet == nullptr || wanted_count_ == wanted_.size() || packet->repairs >= kMostRepairs ||
        now_ns - packet->left_ns > kRepairAgeNs || now_ns - packet->repaired_ns < kRepairAgainNs)
        return;
    wanted_[(wanted_from_ + wanted_count_++) % wanted_.size()] = sequence;
}

/// Whoever asks for more than a part of what is sent would only make a full line fuller.
void Sender::send_repairs(std::int64_t now_ns)
{
    if (now_ns - repair_second_ns_ > kSecondNs) {
        repair_second_ns_ = now_ns;
        repair_bytes_ = 0;
        sent_bytes_ /= 2;
    }
    while (wanted_count_ != 0) {
        SendHistory::Packet* packet = history_->find(wanted_[wanted_from_]);
        if (packet != nullptr && !may_leave(packet->size_bytes, now_ns))
            return;
        wanted_from_ = (wanted_from_ + 1) % wanted_.size();
        --wanted_count_;
        if (packet == nullptr || now_ns - packet->repaired_ns < kRepairAgainNs ||
            repair_bytes_ + packet->size_bytes > kLeastRepairBytes + sent_bytes_ / kRepairDivisor)
            continue;
        send_again(*packet, now_ns);
    }
}

/// RFC 4588 section 4: the payload behind its sequence number, with the timestamp it had.
void Sender::send_again(SendHistory::Packet& packet, std::int64_t now_ns)
{
    const ByteView payload = history_->payload(packet);
    RtpHeader header;
    header.sequence = repair_sequence_++;
    header.timestamp = packet.timestamp;
    header.ssrc = config_.repair->ssrc;
    header.payload_type = config_.repair->payload_type;
    header.marker = packet.marker;
    std::uint8_t buffer[kMaxPacketBytes + kMaxTrailerBytes];
    std::size_t size = write_rtp_header(buffer, header);
    write_u16(&buffer[size], packet.sequence);
    if (!payload.empty())
        std::memcpy(&buffer[size + 2], payload.data(), payload.size());
    size += 2 + payload.size();
    if ((repair_protector_ && !repair_protector_->rtp(buffer, size)) || size > rtp_limit_bytes_ ||
        rtp_path_.send(ByteView(buffer, size)) != JF_OK)
        return;
    ++packet.repairs;
    packet.repaired_ns = now_ns;
    repair_bytes_ += payload.size();
    {
        const std::lock_guard lock(mutex_);
        ++counters_.repairs;
    }
    if (RateControl* const rates = context_.rates.load(std::memory_order_acquire))
        rates->left({number_, true, header.sequence, wire_bytes(payload.size() + 2), 0}, now_ns);
}

Waiting Sender::waiting() const
{
    if (!history_)
        return {};
    const std::lock_guard lock(queue_mutex_);
    if (history_->waiting() == 0)
        return {};
    return {history_->waiting_bytes(), history_->front().queued_ns};
}

std::size_t Sender::waiting_packets() const
{
    if (!history_)
        return 0;
    const std::lock_guard lock(queue_mutex_);
    return history_->waiting();
}

// --- reports --------------------------------------------------------------------------------------------------------

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
