// Reading and writing RTCP (RFC 3550 section 6.4-6.6, RFC 4585 section 6, RFC 5104 section 4.3.1).
//
// Threads: any. Every byte read here is untrusted; lengths are checked before the first byte is acted upon.
#include "rtcp_packet.hpp"

#include "wire.hpp"

namespace jackfield::rtp {

namespace {

constexpr std::uint8_t kSenderReport = 200;
constexpr std::uint8_t kReceiverReport = 201;
constexpr std::uint8_t kSourceDescription = 202;
constexpr std::uint8_t kGoodbye = 203;
constexpr std::uint8_t kTransportFeedback = 205;
constexpr std::uint8_t kPayloadFeedback = 206;
constexpr std::uint8_t kGenericNack = 1;
constexpr std::uint8_t kPictureLoss = 1;
constexpr std::uint8_t kFullIntraRequest = 4;
constexpr std::uint8_t kCanonicalName = 1;
constexpr std::size_t kReportBlockBytes = 24;
constexpr std::size_t kSenderInfoBytes = 20;
constexpr std::size_t kFeedbackBytes = 12; // header, SSRC of the sender, SSRC of the media

/// One packet of a compound, with its header.
struct Packet {
    std::uint8_t type = 0;
    std::uint8_t count = 0; ///< blocks, sources or feedback type
    ByteView bytes;         ///< without padding
};

/// Cuts the next packet off the front. False if it is malformed.
bool next_packet(ByteView& rest, Packet& packet)
{
    if (rest.size() < 4 || rest[0] >> 6 != 2)
        return false;
    const std::size_t size = 4 + 4 * std::size_t{read_u16(&rest[2])};
    if (size > rest.size())
        return false;
    packet.type = rest[1];
    packet.count = rest[0] & 0x1fU;
    packet.bytes = rest.first(size);
    const bool padded = (rest[0] & 0x20U) != 0;
    rest = rest.subspan(size);
    if (padded) {
        // RFC 3550 section 6.4.1: only the last packet of a compound is padded, in multiples of four.
        const std::size_t padding = packet.bytes.back();
        if (!rest.empty() || padding == 0 || padding % 4 != 0 || padding > packet.bytes.size() - 4)
            return false;
        packet.bytes = packet.bytes.first(packet.bytes.size() - padding);
    }
    return true;
}

/// How long a packet must be for what its header says.
std::size_t least_size(const Packet& packet)
{
    switch (packet.type) {
    case kSenderReport:
        return 8 + kSenderInfoBytes + kReportBlockBytes * packet.count;
    case kReceiverReport:
        return 8 + kReportBlockBytes * packet.count;
    case kGoodbye:
        return 4 + std::size_t{4} * packet.count;
    case kPayloadFeedback:
        return kFeedbackBytes;
    case kTransportFeedback:
        return kFeedbackBytes; // also what congestion control feedback has at least: a sender and a time
    default:
        return 4;
    }
}

/// What a length alone does not show.
bool well_formed(const Packet& packet)
{
    return packet.type != kTransportFeedback || packet.count != kCongestionFeedback ||
           valid_congestion_feedback(packet.bytes);
}

ReportBlock read_block(const std::uint8_t* at)
{
    ReportBlock block;
    block.ssrc = read_u32(at);
    block.fraction_lost = at[4];
    const std::uint32_t lost = read_u32(at + 4) & 0xffffffU;
    block.lost = static_cast<std::int32_t>(lost << 8) >> 8; // sign of 24 bits
    block.highest_sequence = read_u32(at + 8);
    block.jitter = read_u32(at + 12);
    block.last_sr = read_u32(at + 16);
    block.delay_since_last_sr = read_u32(at + 20);
    return block;
}

void tell_reports(const Packet& packet, std::size_t first_block, RtcpHandler& handler)
{
    const std::uint32_t from = read_u32(&packet.bytes[4]);
    for (std::size_t i = 0; i < packet.count; ++i)
        handler.report_block(from, read_block(&packet.bytes[first_block + i * kReportBlockBytes]));
}

void tell_sender_report(const Packet& packet, RtcpHandler& handler)
{
    const std::uint8_t* at = packet.bytes.data();
    handler.sender_report(read_u32(at + 4),
                          {read_u64(at + 8), read_u32(at + 16), read_u32(at + 20), read_u32(at + 24)});
    tell_reports(packet, 8 + kSenderInfoBytes, handler);
}

void tell_feedback(const Packet& packet, RtcpHandler& handler)
{
    if (packet.count == kPictureLoss)
        handler.picture_loss(read_u32(&packet.bytes[8]));
    if (packet.count != kFullIntraRequest)
        return;
    // RFC 5104 section 4.3.1.1: entries of 8 bytes, each with the SSRC that is asked and a request number.
    for (ByteView rest = packet.bytes.subspan(kFeedbackBytes); rest.size() >= 8; rest = rest.subspan(8))
        handler.full_intra_request(read_u32(rest.data()), rest[4]);
}

/// RFC 4585 section 6.2.1: a packet, and which of the 16 behind it are missing, too.
void tell_missing(const Packet& packet, RtcpHandler& handler)
{
    const std::uint32_t media_ssrc = read_u32(&packet.bytes[8]);
    for (ByteView rest = packet.bytes.subspan(kFeedbackBytes); rest.size() >= 4; rest = rest.subspan(4)) {
        std::uint16_t sequence = read_u16(rest.data());
        handler.missing(media_ssrc, sequence);
        for (unsigned behind = read_u16(rest.data() + 2); behind != 0; behind >>= 1U) {
            ++sequence;
            if ((behind & 1U) != 0)
                handler.missing(media_ssrc, sequence);
        }
    }
}

void tell_transport_feedback(const Packet& packet, RtcpHandler& handler)
{
    if (packet.count == kGenericNack)
        return tell_missing(packet, handler);
    if (packet.count != kCongestionFeedback)
        return;
    read_congestion_feedback(packet.bytes, [&](const PacketMetric& metric) { handler.metric(metric); });
    handler.metrics_end();
}

void tell(const Packet& packet, RtcpHandler& handler)
{
    switch (packet.type) {
    case kSenderReport:
        tell_sender_report(packet, handler);
        break;
    case kReceiverReport:
        tell_reports(packet, 8, handler);
        break;
    case kTransportFeedback:
        tell_transport_feedback(packet, handler);
        break;
    case kPayloadFeedback:
        tell_feedback(packet, handler);
        break;
    case kGoodbye:
        for (std::size_t i = 0; i < packet.count; ++i)
            handler.goodbye(read_u32(&packet.bytes[4 + 4 * i]));
        break;
    default:
        break;
    }
}

} // namespace

bool valid_rtcp(ByteView compound)
{
    if (compound.size() < kRtcpHeaderBytes)
        return false;
    Packet packet;
    for (ByteView rest = compound; !rest.empty();) {
        if (!next_packet(rest, packet) || packet.bytes.size() < least_size(packet) || !well_formed(packet))
            return false;
    }
    return true;
}

std::uint32_t rtcp_sender(ByteView compound)
{
    return compound.size() < kRtcpHeaderBytes ? 0 : read_u32(&compound[4]);
}

bool parse_rtcp(ByteView compound, RtcpHandler& handler)
{
    if (!valid_rtcp(compound))
        return false;
    Packet packet;
    for (ByteView rest = compound; next_packet(rest, packet);)
        tell(packet, handler);
    return true;
}

/// A packet of that many bytes at the end of the compound, its header written. The sizes above say that it fits.
std::uint8_t* RtcpWriter::append(std::uint8_t count, std::uint8_t type, std::size_t bytes)
{
    std::uint8_t* at = &buffer_[size_];
    at[0] = static_cast<std::uint8_t>(0x80U | count);
    at[1] = type;
    write_u16(at + 2, static_cast<std::uint16_t>(bytes / 4 - 1));
    size_ += bytes;
    return at;
}

void RtcpWriter::report(std::uint8_t* at, const ReportBlock& block)
{
    write_u32(at, block.ssrc);
    write_u32(at + 4, static_cast<std::uint32_t>(block.lost) & 0xffffffU);
    at[4] = block.fraction_lost;
    write_u32(at + 8, block.highest_sequence);
    write_u32(at + 12, block.jitter);
    write_u32(at + 16, block.last_sr);
    write_u32(at + 20, block.delay_since_last_sr);
}

void RtcpWriter::sender_report(std::uint32_t ssrc, const SenderInfo& info, const ReportBlock* block)
{
    const std::uint8_t count = block != nullptr ? 1 : 0;
    std::uint8_t* at = append(count, kSenderReport, 8 + kSenderInfoBytes + count * kReportBlockBytes);
    write_u32(at + 4, ssrc);
    write_u64(at + 8, info.ntp);
    write_u32(at + 16, info.rtp_timestamp);
    write_u32(at + 20, info.packets);
    write_u32(at + 24, info.payload_bytes);
    if (block != nullptr)
        report(at + 8 + kSenderInfoBytes, *block);
}

void RtcpWriter::receiver_report(std::uint32_t ssrc, const ReportBlock* block)
{
    const std::uint8_t count = block != nullptr ? 1 : 0;
    std::uint8_t* at = append(count, kReceiverReport, 8 + count * kReportBlockBytes);
    write_u32(at + 4, ssrc);
    if (block != nullptr)
        report(at + 8, *block);
}

void RtcpWriter::canonical_name(std::uint32_t ssrc, std::string_view cname)
{
    cname = cname.substr(0, 255);
    // RFC 3550 section 6.5: items end with at least one zero byte, filled up to a word.
    const std::size_t bytes = (4 + 4 + 2 + cname.size() + 1 + 3) / 4 * 4;
    std::uint8_t* at = append(1, kSourceDescription, bytes);
    std::memset(at + 4, 0, bytes - 4);
    write_u32(at + 4, ssrc);
    at[8] = kCanonicalName;
    at[9] = static_cast<std::uint8_t>(cname.size());
    std::memcpy(at + 10, cname.data(), cname.size());
}

void RtcpWriter::picture_loss(std::uint32_t ssrc, std::uint32_t media_ssrc)
{
    std::uint8_t* at = append(kPictureLoss, kPayloadFeedback, kFeedbackBytes);
    write_u32(at + 4, ssrc);
    write_u32(at + 8, media_ssrc);
}

void RtcpWriter::full_intra_request(std::uint32_t ssrc, std::uint32_t media_ssrc, std::uint8_t request_number)
{
    std::uint8_t* at = append(kFullIntraRequest, kPayloadFeedback, kFeedbackBytes + 8);
    write_u32(at + 4, ssrc);
    write_u32(at + 8, 0); // RFC 5104 section 4.3.1.2: unused
    write_u32(at + 12, media_ssrc);
    write_u32(at + 16, std::uint32_t{request_number} << 24);
}

void RtcpWriter::missing(std::uint32_t ssrc, std::uint32_t media_ssrc, std::span<const std::uint16_t> sequences)
{
    std::uint8_t* at = append(kGenericNack, kTransportFeedback, kFeedbackBytes);
    write_u32(at + 4, ssrc);
    write_u32(at + 8, media_ssrc);
    std::size_t entries = 0;
    for (std::size_t i = 0; i < sequences.size(); ++entries) {
        const std::uint16_t first = sequences[i++];
        unsigned behind = 0;
        for (; i < sequences.size() && static_cast<std::uint16_t>(sequences[i] - first - 1) < 16; ++i)
            behind |= 1U << static_cast<std::uint16_t>(sequences[i] - first - 1);
        write_u16(&buffer_[size_], first);
        write_u16(&buffer_[size_ + 2], static_cast<std::uint16_t>(behind));
        size_ += 4;
    }
    write_u16(at + 2, static_cast<std::uint16_t>((kFeedbackBytes + 4 * entries) / 4 - 1));
}

void RtcpWriter::goodbye(std::uint32_t ssrc)
{
    write_u32(append(1, kGoodbye, 8) + 4, ssrc);
}

} // namespace jackfield::rtp
