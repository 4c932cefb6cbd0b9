// RTCP congestion control feedback: when each packet arrived, or that it did not (RFC 8888).
//
// Threads: any; nothing here allocates. What is read comes from a stranger: lengths are checked before anything is
// told.
#pragma once

#include <jackfield/basic.hpp>

namespace jackfield::rtp {

inline constexpr std::uint8_t kCongestionFeedback = 11; ///< feedback message type of transport feedback (205)

/// No report of ours is about more packets, and none of a peer's about more than RFC 8888 section 3.1 allows.
inline constexpr std::size_t kMostMetrics = 400;
inline constexpr std::size_t kMostMetricsOfPeer = 16384;

/// About one packet.
struct PacketMetric {
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
    bool received = false;
    std::uint8_t ecn = 0;     ///< codepoint as it arrived
    std::uint32_t time = 0;   ///< of the report: the middle 32 bits of an NTP timestamp
    std::uint16_t offset = 0; ///< before the report's time, in 1/1024 s; kOffsetUnknown and kOffsetMost are no times
};

inline constexpr std::uint16_t kOffsetMost = 0x1ffe;    ///< as long ago or longer
inline constexpr std::uint16_t kOffsetUnknown = 0x1fff; ///< arrived, nobody knows when

/// True if the blocks of the packet, with its header, fill it exactly.
bool valid_congestion_feedback(ByteView packet);

/// Tells each metric of a valid packet, in order: tell(const PacketMetric&).
template <class Tell>
void read_congestion_feedback(ByteView packet, Tell tell);

namespace detail {
std::uint16_t u16(const std::uint8_t* at);
std::uint32_t u32(const std::uint8_t* at);
} // namespace detail

template <class Tell>
void read_congestion_feedback(ByteView packet, Tell tell)
{
    const std::size_t end = packet.size() - 4;
    const std::uint32_t time = detail::u32(&packet[end]);
    for (std::size_t at = 8; at < end;) {
        PacketMetric metric;
        metric.time = time;
        metric.ssrc = detail::u32(&packet[at]);
        metric.sequence = detail::u16(&packet[at + 4]);
        const std::size_t count = detail::u16(&packet[at + 6]);
        at += 8;
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint16_t bits = detail::u16(&packet[at + 2 * i]);
            metric.received = (bits & 0x8000U) != 0;
            metric.ecn = static_cast<std::uint8_t>(bits >> 13 & 3U);
            metric.offset = bits & 0x1fffU;
            tell(metric);
            ++metric.sequence;
        }
        at += (2 * count + 3) / 4 * 4;
    }
}

/// Where a report is put together: blocks of what arrived, then the time.
class CongestionFeedbackWriter {
public:
    /// out begins where the packet does; as much of it as there is may be used.
    CongestionFeedbackWriter(std::span<std::uint8_t> out, std::uint32_t sender);

    /// How many packets another block can be about.
    std::size_t room() const;

    /// Two bytes for each of count packets from begin on follow, each written with metric().
    void begin_block(std::uint32_t ssrc, std::uint16_t begin, std::size_t count);
    void metric(bool received, std::uint8_t ecn, std::uint16_t offset);

    /// The size of the packet. Nothing comes behind.
    std::size_t finish(std::uint32_t time);
    bool empty() const { return size_ == 8; }

private:
    void pad();

    std::span<std::uint8_t> out_;
    std::size_t size_ = 8;
    std::size_t metrics_ = 0;
};

} // namespace jackfield::rtp
