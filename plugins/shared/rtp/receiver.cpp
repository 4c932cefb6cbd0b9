// Opens, checks and orders what the peer sends, and reads its reports (RFC 3550 sections 6.4 and 8.2, RFC 3711).
//
// Threads: see the header. Every packet is untrusted until it was opened, and in clear it stays so.
#include "receiver.hpp"

namespace jackfield::rtp {

namespace {

/// A source that was replaced gets its place back only when the other has been quiet this long.
constexpr std::int64_t kQuietNs = kSecondNs / 2;

JitterLimits limits_of(const StreamConfig& config, const RtpOptions& options)
{
    return {config.clock_rate_hz, options.jitter_min_ns, options.jitter_max_ns};
}

std::unique_ptr<JitterBuffer> make_buffer(const StreamConfig& config, const RtpOptions& options)
{
    if (config.video)
        return std::make_unique<VideoBuffer>(limits_of(config, options));
    return std::make_unique<AudioBuffer>(limits_of(config, options));
}

std::int64_t widest_gap(const StreamConfig& config)
{
    return static_cast<std::int64_t>(config.video ? VideoBuffer::kCapacity : AudioBuffer::kCapacity) / 2;
}

} // namespace

Receiver::Receiver(const StreamConfig& config, const RtpOptions& options, const NtpClock& clock, LipSync& sync)
    : config_(config),
      clock_(clock),
      sync_(sync),
      clear_rtcp_(options.clear_rtcp || !config.receive_key),
      receives_(config.receives && !config.ended),
      source_(config.remote_ssrc ? *config.remote_ssrc : kNoSource),
      sequence_(config.receive_key || config.authentic, widest_gap(config)),
      jitter_(config.clock_rate_hz),
      buffer_(make_buffer(config, options))
{
    if (config.receive_key)
        opener_ = config.receive_key->suite->opener(*config.receive_key, config.remote_ssrc);
    if (config.remote_ssrc)
        remember(*config.remote_ssrc);
    if (config.congestion_feedback)
        arrivals_ = std::make_unique<ArrivalLog>();
    if (config.congestion_feedback && config.repair)
        repair_arrivals_ = std::make_unique<ArrivalLog>();
    if (config.video && config.generic_nack && config.repair) {
        requests_ = std::make_unique<RepairRequests>();
        repair_source_ = config.repair->remote_ssrc;
        be_patient();
    }
}

bool Receiver::rtp(std::span<std::uint8_t> packet, const RtpHeader& header, std::int64_t arrival_ns, std::uint8_t ecn)
{
    std::size_t size = packet.size();
    const std::lock_guard lock(mutex_);
    // RFC 3550 section 8.2: our own SSRC from outside is a loop or a collision. Nothing here is worth a new identity.
    const bool receives = receives_.load(std::memory_order_relaxed);
    const bool known = listening_ && source_.load(std::memory_order_relaxed) == header.ssrc;
    const bool wanted = (receives || known) && header.ssrc != config_.ssrc &&
                        (find(header.ssrc) != nullptr || source_count_ < kMostSources);
    if (!wanted || (opener_ && !opener_->rtp(packet, size))) {
        refuse();
        return false;
    }
    if (!receives) {
        pass_over(header);
        return false;
    }
    const auto payload = rtp_payload(packet.first(size), header);
    if (!payload || payload->size() > kMaxPayloadBytes || !admit(header.ssrc, header.sequence, arrival_ns)) {
        refuse();
        return false;
    }
    if (source_.load(std::memory_order_relaxed) != header.ssrc) { // replaced, and still sending
        ++counters_.late;
        return false;
    }
    last_arrival_ns_ = arrival_ns;
    bytes_arrived_.fetch_add(packet.size(), std::memory_order_relaxed);
    if (arrivals_)
        arrivals_->arrived(header.ssrc, header.sequence, arrival_ns, ecn);
    return store(header, *payload, arrival_ns, false);
}

/// One that was on its way when we ceased to listen: nobody hears it, but the network has not lost it.
void Receiver::pass_over(const RtpHeader& header)
{
    if (sequence_.place(header.sequence).kind == Placement::Kind::refused)
        refuse();
    else
        sequence_.count_received();
}

/// RFC 4588 section 4: the sequence number it had, then the payload it had. Its source is the announced one, else the
/// first that is authentic.
bool Receiver::repair(std::span<std::uint8_t> packet, const RtpHeader& header, std::int64_t arrival_ns,
                      std::uint8_t ecn)
{
    std::size_t size = packet.size();
    const std::lock_guard lock(mutex_);
    const bool known = repair_source_ ? *repair_source_ == header.ssrc : opener_ || config_.authentic;
    const bool wanted = receives_.load(std::memory_order_relaxed) && listening_ && requests_ && known &&
                        header.ssrc != config_.ssrc && (find(header.ssrc) != nullptr || source_count_ < kMostSources);
    if (!wanted || (opener_ && !opener_->rtp(packet, size))) {
        refuse();
        return false;
    }
    const auto payload = rtp_payload(packet.first(size), header);
    if (!payload || payload->size() < 2 || payload->size() > kMaxPayloadBytes + 2 ||
        source_.load(std::memory_order_relaxed) == header.ssrc) {
        refuse();
        return false;
    }
    remember(header.ssrc);
    repair_source_ = header.ssrc;
    bytes_arrived_.fetch_add(packet.size(), std::memory_order_relaxed);
    if (repair_arrivals_)
        repair_arrivals_->arrived(header.ssrc, header.sequence, arrival_ns, ecn);
    RtpHeader original = header;
    original.sequence = read_u16(payload->data());
    original.ssrc = static_cast<std::uint32_t>(source_.load(std::memory_order_relaxed));
    original.payload_type = config_.payload_type;
    return store(original, payload->subspan(2), arrival_ns, true);
}

/// Decides whether the sender of an authentic packet is who we listen to. False: the packet is refused.
bool Receiver::admit(std::uint32_t ssrc, std::uint16_t sequence, std::int64_t arrival_ns)
{
    const bool current = source_.load(std::memory_order_relaxed) == ssrc;
    if (listening_ && current)
        return true;
    const Source* before = find(ssrc);
    if (before != nullptr && before->listened_to && arrival_ns - last_arrival_ns_ < kQuietNs)
        return true; // a straggler of a source that was replaced
    if (!opener_ && !config_.authentic && !current && !(candidate_ == ssrc && candidate_next_ == sequence)) {
        candidate_ = ssrc; // RFC 3550 appendix A.1: nobody vouches for it but a second packet
        candidate_next_ = static_cast<std::uint16_t>(sequence + 1);
        return false;
    }
    Source* source = remember(ssrc);
    if (source == nullptr)
        return false;
    listen_to(*source);
    return true;
}

Receiver::Source* Receiver::find(std::uint32_t ssrc)
{
    Source* const end = sources_ + source_count_;
    Source* const found = std::find_if(sources_, end, [&](const Source& source) { return source.ssrc == ssrc; });
    return found != end ? found : nullptr;
}

/// Null if there is no room for another.
Receiver::Source* Receiver::remember(std::uint32_t ssrc)
{
    if (Source* source = find(ssrc))
        return source;
    if (source_count_ == kMostSources)
        return nullptr;
    sources_[source_count_] = {ssrc, false};
    return &sources_[source_count_++];
}

void Receiver::listen_to(Source& source)
{
    source.listened_to = true;
    source_.store(source.ssrc, std::memory_order_relaxed);
    listening_ = true;
    heard_.store(true, std::memory_order_relaxed);
    goodbye_.store(false, std::memory_order_relaxed);
    candidate_.reset();
    sequence_.new_source();
    if (last_sr_from_ != source.ssrc)
        last_sr_arrival_ns_ = 0;
}

bool Receiver::store(const RtpHeader& header, ByteView payload, std::int64_t arrival_ns, bool repair)
{
    const bool first = !sequence_.started() && counters_.packets == 0;
    if (repair && !sequence_.started())
        return false;
    const Placement place = sequence_.place(header.sequence);
    if (place.kind == Placement::Kind::refused || (repair && place.kind == Placement::Kind::restart)) {
        refuse();
        return false;
    }
    const bool restart = place.kind == Placement::Kind::restart;
    auto stored = PacketRing::Stored::late;
    if (place.kind != Placement::Kind::late) {
        if (restart)
            jitter_.forget();
        StoredPacket packet;
        packet.index = place.index;
        packet.arrival_ns = arrival_ns;
        packet.rtp_timestamp = header.timestamp;
        // After a change of source a decoder of pictures must know that something is missing.
        packet.lost_before =
            restart && config_.video && !first ? std::max<std::uint16_t>(place.lost_before, 1) : place.lost_before;
        packet.payload_type = header.payload_type;
        packet.marker = header.marker;
        if (requests_ && !repair)
            miss(header, place, arrival_ns);
        stored = put(packet, payload, restart, repair);
    }
    if (stored == PacketRing::Stored::duplicate) {
        refuse();
        return false;
    }
    if (repair) { // RFC 4588 section 6.3: reports are about the packets that came by themselves
        counters_.repaired += stored == PacketRing::Stored::stored ? 1 : 0;
        return stored == PacketRing::Stored::stored && changed(arrival_ns);
    }
    sequence_.count_received();
    if (config_.event_payload_type != header.payload_type)
        jitter_.arrived(header.timestamp, arrival_ns);
    ++counters_.packets;
    counters_.payload_bytes += payload.size();
    counters_.late += stored == PacketRing::Stored::late ? 1 : 0;
    return stored == PacketRing::Stored::stored && changed(arrival_ns);
}

PacketRing::Stored Receiver::put(const StoredPacket& packet, ByteView payload, bool restart, bool repair)
{
    if (requests_)
        requests_->arrived(packet.index);
    if (repair)
        return buffer_->insert_repair(packet, payload);
    const bool event = config_.event_payload_type == packet.payload_type;
    return event ? buffer_->insert_event(packet, payload) : buffer_->insert(packet, payload, restart);
}

/// Notes what is missing before a packet that has just come.
void Receiver::miss(const RtpHeader& header, const Placement& place, std::int64_t arrival_ns)
{
    const std::int64_t gap = place.index - buffer_->highest_index() - 1;
    if (place.kind == Placement::Kind::restart || counters_.packets == 0 || gap <= 0)
        return;
    requests_->gap(place.index, header.sequence, gap, arrival_ns);
    next_request_ns_.store(requests_->next_ns(), std::memory_order_relaxed);
}

/// Whether `take` has something to give, or must be asked sooner than it said.
bool Receiver::changed(std::int64_t now_ns)
{
    const Turn turn = buffer_->turn(now_ns);
    return turn.packet != nullptr || turn.ask_again_ns < asked_again_ns_;
}

std::int64_t Receiver::assumed_round_trip_ns() const
{
    constexpr std::int64_t kUnknownNs = 100 * kMillisecondNs;
    if (counters_.round_trip_ms)
        return static_cast<std::int64_t>(*counters_.round_trip_ms * kMillisecondNs);
    return session_round_trip_ns_ >= 0 ? session_round_trip_ns_ : kUnknownNs;
}

void Receiver::hear_round_trip(std::int64_t round_trip_ns)
{
    if (round_trip_ns < 0 || !config_.video)
        return;
    const std::lock_guard lock(mutex_);
    session_round_trip_ns_ = round_trip_ns;
    if (requests_)
        be_patient();
}

/// Long enough to ask twice, and no longer than anybody would wait for a picture.
void Receiver::be_patient()
{
    constexpr std::int64_t kMostNs = 400 * kMillisecondNs;
    buffer_->set_patience(std::min(2 * assumed_round_trip_ns() + 60 * kMillisecondNs, kMostNs));
}

std::size_t Receiver::repair_requests(Requests& sequences, std::int64_t now_ns)
{
    if (now_ns < next_request_ns_.load(std::memory_order_relaxed))
        return 0;
    const std::lock_guard lock(mutex_);
    const std::size_t count =
        requests_->due(now_ns, assumed_round_trip_ns(), buffer_->next_index(), buffer_->patience_ns(), sequences);
    next_request_ns_.store(requests_->next_ns(), std::memory_order_relaxed);
    counters_.repairs_asked += count;
    return count;
}

void Receiver::report_arrivals(CongestionFeedbackWriter& writer, std::int64_t now_ns)
{
    if (!arrivals_)
        return;
    const std::lock_guard lock(mutex_);
    arrivals_->report(writer, now_ns);
    if (repair_arrivals_)
        repair_arrivals_->report(writer, now_ns);
}

std::int64_t Receiver::round_trip_ns() const
{
    const std::lock_guard lock(mutex_);
    return counters_.round_trip_ms ? static_cast<std::int64_t>(*counters_.round_trip_ms * kMillisecondNs) : -1;
}

bool Receiver::open_rtcp(std::span<std::uint8_t> packet, std::size_t& size)
{
    const std::uint32_t from = rtcp_sender(packet);
    const std::lock_guard lock(mutex_);
    if (from == config_.ssrc || (find(from) == nullptr && source_count_ == kMostSources))
        return false;
    if (!clear_rtcp_) {
        if (!opener_->rtcp(packet, size))
            return false;
        remember(from); // the opener does, too
    }
    return true;
}

bool Receiver::sender_report(std::uint32_t from, const SenderInfo& info, std::int64_t arrival_ns)
{
    const std::lock_guard lock(mutex_);
    const bool listened_to = listening_ && source_.load(std::memory_order_relaxed) == from;
    if (listening_ && !listened_to)
        return false;
    const bool first = last_sr_arrival_ns_ == 0;
    last_sr_ntp_ = info.ntp;
    last_sr_timestamp_ = info.rtp_timestamp;
    last_sr_arrival_ns_ = arrival_ns;
    last_sr_from_ = from;
    return first && listened_to;
}

/// RFC 3550 section 6.4.1: now, minus when our report went out, minus how long the peer kept it. In 1/65536 s.
void Receiver::remote_report(const ReportBlock& block, std::int64_t arrival_ns)
{
    const std::lock_guard lock(mutex_);
    counters_.remote_fraction_lost = block.fraction_lost / 256.0;
    if (block.last_sr == 0)
        return;
    const std::uint32_t now = NtpClock::middle(clock_.at(arrival_ns));
    const auto round_trip = static_cast<std::int32_t>(now - block.last_sr - block.delay_since_last_sr);
    constexpr std::int32_t kMost = 60 * 65536; // more is nonsense or malice
    constexpr std::int32_t kRounding = 65;     // 1 ms: the peer may have rounded its delay up
    if (round_trip >= -kRounding && round_trip < kMost)
        counters_.round_trip_ms = std::max(round_trip, 0) * 1000.0 / 65536.0;
    if (requests_)
        be_patient();
}

void Receiver::key_frame_requested()
{
    const std::lock_guard lock(mutex_);
    ++counters_.key_frame_requests;
}

/// RFC 5104 section 4.3.1.1: a repeated request keeps its number.
bool Receiver::full_intra_request(std::uint8_t request_number)
{
    const std::lock_guard lock(mutex_);
    return std::exchange(last_fir_, request_number) != request_number;
}

Status Receiver::take(std::int64_t now_ns, jf_payload& payload, std::int64_t& next_due_ns)
{
    const std::lock_guard lock(mutex_);
    for (;;) {
        const Turn turn = buffer_->turn(now_ns);
        if (turn.packet == nullptr) {
            asked_again_ns_ = turn.ask_again_ns;
            next_due_ns =
                requests_ ? std::min(turn.ask_again_ns, std::max(requests_->next_ns(), now_ns + 1)) : turn.ask_again_ns;
            return JF_WOULD_BLOCK;
        }
        const StoredPacket packet = *turn.packet;
        const ByteView bytes = buffer_->payload(packet);
        if (!bytes.empty())
            std::memcpy(taken_, bytes.data(), bytes.size());
        const std::uint32_t lost = buffer_->take(packet) + std::uint32_t{carried_loss_};
        carried_loss_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(lost, 0xffff));
        if (bytes.empty()) // keeps a path open (RFC 6263), no decoder wants it
            continue;
        payload.rtp_timestamp = packet.rtp_timestamp;
        payload.bytes = {taken_, bytes.size()};
        payload.marker = packet.marker ? 1 : 0;
        payload.payload_type = packet.payload_type;
        payload.lost_before = std::exchange(carried_loss_, std::uint16_t{0});
        payload.reserved = 0;
        payload.time_ns = packet.payload_type == config_.event_payload_type
                              ? turn.time_ns
                              : in_step(packet.rtp_timestamp, turn.time_ns);
        next_due_ns = now_ns;
        return JF_OK;
    }
}

/// Once the sender has reported: sound leads, pictures follow it.
std::int64_t Receiver::in_step(std::uint32_t rtp_timestamp, std::int64_t play_ns)
{
    if (last_sr_arrival_ns_ == 0 || last_sr_from_ != source_.load(std::memory_order_relaxed))
        return play_ns;
    const auto since = static_cast<std::int32_t>(rtp_timestamp - last_sr_timestamp_);
    const std::int64_t captured_ns = ntp_ns(last_sr_ntp_) + to_ns(since, config_.clock_rate_hz);
    if (config_.video)
        return sync_.picture(captured_ns, play_ns);
    sync_.sound(captured_ns, play_ns);
    return play_ns;
}

std::optional<ReportBlock> Receiver::report(std::int64_t now_ns)
{
    const std::lock_guard lock(mutex_);
    if (!listening_ || !sequence_.started())
        return std::nullopt;
    ReportBlock block;
    block.ssrc = static_cast<std::uint32_t>(source_.load(std::memory_order_relaxed));
    block.fraction_lost = sequence_.fraction_lost();
    constexpr std::int64_t kMost = 0x7fffff; // 24 bits with a sign
    block.lost = static_cast<std::int32_t>(std::clamp<std::int64_t>(sequence_.lost(), -kMost - 1, kMost));
    block.highest_sequence = sequence_.extended_highest();
    block.jitter = jitter_.units();
    if (last_sr_arrival_ns_ != 0 && last_sr_from_ == block.ssrc) {
        block.last_sr = NtpClock::middle(last_sr_ntp_);
        const std::int64_t since_ns = std::max<std::int64_t>(now_ns - last_sr_arrival_ns_, 0);
        block.delay_since_last_sr = static_cast<std::uint32_t>(to_units(since_ns, 65536));
    }
    return block;
}

std::optional<std::uint32_t> Receiver::source() const
{
    const std::uint64_t source = source_.load(std::memory_order_relaxed);
    return source == kNoSource ? std::nullopt : std::optional(static_cast<std::uint32_t>(source));
}

Receiver::Counters Receiver::counters() const
{
    const std::lock_guard lock(mutex_);
    Counters counters = counters_;
    counters.refused = refused_.load(std::memory_order_relaxed);
    counters.lost = static_cast<std::uint64_t>(sequence_.lost_in_all());
    counters.late += buffer_->discarded();
    counters.jitter_ms = jitter_.milliseconds();
    counters.delay_ms = static_cast<double>(buffer_->delay_ns()) / static_cast<double>(kMillisecondNs);
    return counters;
}

} // namespace jackfield::rtp
