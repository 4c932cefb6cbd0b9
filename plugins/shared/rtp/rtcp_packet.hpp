// RTCP compound packets: reading what a peer reports and asks for, writing ours (RFC 3550 section 6, RFC 4585, 5104).
//
// Threads: any; nothing here allocates. A compound is checked as a whole before any of it is acted upon.
#pragma once

#include "congestion_feedback.hpp"

#include <jackfield/basic.hpp>

#include <array>

namespace jackfield::rtp {

inline constexpr std::size_t kRtcpHeaderBytes = 8; ///< with the sender's SSRC: what SRTCP leaves in clear

struct SenderInfo {
    std::uint64_t ntp = 0;
    std::uint32_t rtp_timestamp = 0;
    std::uint32_t packets = 0;
    std::uint32_t payload_bytes = 0;
};

struct ReportBlock {
    std::uint32_t ssrc = 0; ///< whose packets are reported on
    std::uint8_t fraction_lost = 0;
    std::int32_t lost = 0; ///< 24 bits on the wire, signed
    std::uint32_t highest_sequence = 0;
    std::uint32_t jitter = 0;
    std::uint32_t last_sr = 0;
    std::uint32_t delay_since_last_sr = 0;
};

/// Told what a compound says, in its order.
class RtcpHandler {
public:
    virtual ~RtcpHandler() = default;

    virtual void sender_report(std::uint32_t from, const SenderInfo& info) = 0;
    virtual void report_block(std::uint32_t from, const ReportBlock& block) = 0;
    virtual void picture_loss(std::uint32_t media_ssrc) = 0;                                    ///< RFC 4585 PLI
    virtual void full_intra_request(std::uint32_t media_ssrc, std::uint8_t request_number) = 0; ///< RFC 5104 FIR
    virtual void goodbye(std::uint32_t ssrc) = 0;

    /// RFC 4585 section 6.2.1: a packet of ours is missing there.
    virtual void missing(std::uint32_t /*media_ssrc*/, std::uint16_t /*sequence*/) {}
    /// RFC 8888: about each packet in its order, and then the end of the report.
    virtual void metric(const PacketMetric& /*metric*/) {}
    virtual void metrics_end() {}
};

/// True if the lengths of all packets in the compound add up and each is long enough for what it says it holds. A
/// compound that does not begin with a report is accepted too (reduced size, RFC 5506).
bool valid_rtcp(ByteView compound);

/// The SSRC of the first packet, which stays in clear under SRTCP. 0 if it is too short to have one.
std::uint32_t rtcp_sender(ByteView compound);

/// Walks a compound and tells the handler. False, and the handler hears nothing, if it is not valid. Types unknown here
/// (application defined, REMB, extended reports) are stepped over.
bool parse_rtcp(ByteView compound, RtcpHandler& handler);

/// Builds one compound in its own memory.
class RtcpWriter {
public:
    void sender_report(std::uint32_t ssrc, const SenderInfo& info, const ReportBlock* block);
    void receiver_report(std::uint32_t ssrc, const ReportBlock* block);
    void canonical_name(std::uint32_t ssrc, std::string_view cname); ///< SDES, cut at 255 bytes
    void picture_loss(std::uint32_t ssrc, std::uint32_t media_ssrc);
    void full_intra_request(std::uint32_t ssrc, std::uint32_t media_ssrc, std::uint8_t request_number);
    void goodbye(std::uint32_t ssrc);

    /// RFC 4585 section 6.2.1. The sequence numbers rise.
    void missing(std::uint32_t ssrc, std::uint32_t media_ssrc, std::span<const std::uint16_t> sequences);

    /// RFC 8888: the room for it, at most so much that the compound stays within what every path carries; and how much
    /// of it was taken.
    std::span<std::uint8_t> feedback_room() { return std::span(buffer_).subspan(size_, kMostBytes - size_); }
    void feedback_taken(std::size_t bytes) { size_ += bytes; }

    /// The compound, inside a buffer with room for what SRTCP appends.
    std::span<std::uint8_t> buffer() { return buffer_; }
    std::size_t size() const { return size_; }

private:
    std::uint8_t* append(std::uint8_t count, std::uint8_t type, std::size_t bytes);
    void report(std::uint8_t* at, const ReportBlock& block);

    // SR with one block 52, SDES with the longest name 272, PLI 12 or FIR 20, NACK 12 + 4 * 64, BYE 8; feedback takes
    // what is left; SRTCP adds at most 4 + 16.
    static constexpr std::size_t kMostBytes = 1100;
    std::array<std::uint8_t, kMostBytes + 28> buffer_{};
    std::size_t size_ = 0;
};

} // namespace jackfield::rtp
