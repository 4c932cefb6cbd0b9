// The sending half of one stream: payloads become RTP packets, reports become RTCP, protected if there is a key.
//
// Packets of pictures go through a queue, from which they leave at the rate that the session's rate control allows, and
// where they are kept for a while should the peer ask for one again (RFC 4588). Sound waits for nothing.
//
// Threads: RTP on the stream's media thread, on that of ticks and of reports; RTCP on whichever thread has one to send.
// One lock is held while a packet is numbered and protected, never while it is sent; another while the queue lets go.
#pragma once

#include "rtcp_packet.hpp"
#include "send_history.hpp"
#include "session_config.hpp"
#include "session_context.hpp"

#include <jackfield/abi/media_transport.h>
#include <jackfield/path.hpp>

#include <atomic>
#include <mutex>

namespace jackfield::rtp {

class Sender {
public:
    struct Counters {
        std::uint64_t packets = 0;
        std::uint64_t payload_bytes = 0;
        std::uint64_t dropped = 0;
        std::uint64_t repairs = 0; ///< packets that were sent again
    };

    /// random is fit for keys: sequence number and timestamps start unpredictably. Throws Failure.
    Sender(const StreamConfig& config, std::uint32_t number, const SessionContext& context, const Path& rtp_path,
           const Path& rtcp_path, std::uint64_t random);

    Status send(const jf_payload& payload, std::int64_t now_ns) noexcept; ///< [media]

    /// The peer misses a packet: it goes out again with the next drain, if it is kept and the limits allow. [media]
    void want_repair(std::uint16_t sequence, std::int64_t now_ns) noexcept;

    /// Lets go what may leave now. [media]
    void drain(std::int64_t now_ns) noexcept;

    Waiting waiting() const;             ///< [any]
    std::size_t waiting_packets() const; ///< [any]

    /// True once after so much waited that it was thrown away: only a key frame helps. [media]
    bool take_overflow() { return overflow_.exchange(false, std::memory_order_relaxed); }

    /// [control] The stream sends from here on, or does not.
    void turn(bool sends) { sends_.store(sends, std::memory_order_relaxed); }

    Status send_rtcp(RtcpWriter& compound) noexcept; ///< [any]

    /// What a sender report says now; nothing if nothing was sent since the report before the last one (RFC 3550
    /// section 6.4). regular: this is a report of the schedule, so the count of reports goes on.
    std::optional<SenderInfo> report(std::int64_t now_ns, const NtpClock& clock, bool regular);

    Counters counters() const;
    bool silent_so_far() const; ///< neither RTP nor RTCP was sent

private:
    RtpHeader number(const jf_payload& payload, bool event, std::int64_t now_ns);
    std::size_t build(std::span<std::uint8_t> buffer, const RtpHeader& header, ByteView payload);
    Status put_out(const RtpHeader& header, ByteView payload, std::int64_t now_ns);
    Status queue(const jf_payload& payload, std::int64_t now_ns);
    Status let_go(std::int64_t now_ns);
    void send_repairs(std::int64_t now_ns);
    void send_again(SendHistory::Packet& packet, std::int64_t now_ns);
    std::uint32_t wire_bytes(std::size_t payload_bytes) const;
    bool may_leave(std::size_t payload_bytes, std::int64_t now_ns) const;
    void remember_capture(std::uint32_t timestamp, std::int64_t capture_ns, std::int64_t now_ns);

    const StreamConfig& config_;
    const std::uint32_t number_; // of the stream
    const SessionContext& context_;
    Path rtp_path_;
    Path rtcp_path_;
    std::size_t rtp_limit_bytes_;
    std::uint32_t packet_overhead_bytes_; // headers, the suite's tag, and what lies below
    mutable std::mutex mutex_;
    std::unique_ptr<PacketProtector> protector_;
    bool protects_rtcp_;
    std::atomic<bool> sends_;
    std::uint16_t sequence_;
    std::uint32_t timestamp_offset_;
    std::uint32_t last_timestamp_ = 0;
    std::int64_t last_capture_ns_ = 0;
    std::uint64_t packets_at_report_[2] = {0, 0}; // when the last and the last but one report went out
    bool sent_rtcp_ = false;
    Counters counters_;

    mutable std::mutex queue_mutex_; // before mutex_
    std::unique_ptr<SendHistory> history_;
    std::unique_ptr<PacketProtector> repair_protector_;
    std::array<std::uint16_t, 64> wanted_{}; // by the peer, a ring
    std::size_t wanted_from_ = 0;
    std::size_t wanted_count_ = 0;
    std::uint16_t repair_sequence_ = 0;
    std::int64_t repair_second_ns_ = 0; // since when the next is counted
    std::size_t repair_bytes_ = 0;
    std::size_t sent_bytes_ = 0;
    std::atomic<bool> overflow_{false};
};

} // namespace jackfield::rtp
