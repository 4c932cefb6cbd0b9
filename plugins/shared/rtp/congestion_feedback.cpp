// Reading and writing congestion control feedback (RFC 8888 section 3.1).
//
// Threads: any. Every byte read here is untrusted.
#include "congestion_feedback.hpp"

#include "wire.hpp"

namespace jackfield::rtp {

namespace {

constexpr std::uint8_t kTransportFeedback = 205;

} // namespace

std::uint16_t detail::u16(const std::uint8_t* at)
{
    return read_u16(at);
}

std::uint32_t detail::u32(const std::uint8_t* at)
{
    return read_u32(at);
}

bool valid_congestion_feedback(ByteView packet)
{
    if (packet.size() < 8 + 4)
        return false;
    const std::size_t end = packet.size() - 4;
    std::size_t at = 8;
    while (at < end) {
        if (end - at < 8)
            return false;
        const std::size_t count = read_u16(&packet[at + 6]);
        const std::size_t bytes = 8 + (2 * count + 3) / 4 * 4;
        if (count > kMostMetricsOfPeer || bytes > end - at)
            return false;
        at += bytes;
    }
    return at == end;
}

CongestionFeedbackWriter::CongestionFeedbackWriter(std::span<std::uint8_t> out, std::uint32_t sender) : out_(out)
{
    out_[0] = 0x80U | kCongestionFeedback;
    out_[1] = kTransportFeedback;
    write_u32(&out_[4], sender);
}

std::size_t CongestionFeedbackWriter::room() const
{
    const std::size_t left =
        out_.size() - std::min(out_.size(), size_ + 8 + 4 + 2); // a block's head, the time, padding
    return std::min(left / 2, kMostMetrics - metrics_);
}

void CongestionFeedbackWriter::begin_block(std::uint32_t ssrc, std::uint16_t begin, std::size_t count)
{
    pad();
    write_u32(&out_[size_], ssrc);
    write_u16(&out_[size_ + 4], begin);
    write_u16(&out_[size_ + 6], static_cast<std::uint16_t>(count));
    size_ += 8;
    metrics_ += count;
}

void CongestionFeedbackWriter::metric(bool received, std::uint8_t ecn, std::uint16_t offset)
{
    const unsigned bits = received ? 0x8000U | (ecn & 3U) << 13 | (offset & 0x1fffU) : 0U;
    write_u16(&out_[size_], static_cast<std::uint16_t>(bits));
    size_ += 2;
}

void CongestionFeedbackWriter::pad()
{
    if (size_ % 4 == 0)
        return;
    write_u16(&out_[size_], 0);
    size_ += 2;
}

std::size_t CongestionFeedbackWriter::finish(std::uint32_t time)
{
    pad();
    write_u32(&out_[size_], time);
    size_ += 4;
    write_u16(&out_[2], static_cast<std::uint16_t>(size_ / 4 - 1));
    return size_;
}

} // namespace jackfield::rtp
