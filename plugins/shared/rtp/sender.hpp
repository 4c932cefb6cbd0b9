// The sending half of one stream: payloads become RTP packets, reports become RTCP, protected if there is a key.
//
// Threads: RTP on the stream's media thread; RTCP on whichever thread has one to send. The lock is held only while a
// packet is numbered and protected, never while it is sent.
#pragma once

#include "rtcp_packet.hpp"
#include "session_config.hpp"
#include "wire.hpp"

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
    };

    /// random is fit for keys: sequence number and timestamps start unpredictably. Throws Failure.
    Sender(const StreamConfig& config, const Path& rtp_path, const Path& rtcp_path, bool clear_rtcp,
           std::uint64_t random);

    Status send(const jf_payload& payload, std::int64_t now_ns) noexcept; ///< [media]

    /// [control] The stream sends from here on, or does not.
    void turn(bool sends) { sends_.store(sends, std::memory_order_relaxed); }

    Status send_rtcp(RtcpWriter& compound) noexcept; ///< [any]

    /// What a sender report says now; nothing if nothing was sent since the report before the last one (RFC 3550
    /// section 6.4). regular: this is a report of the schedule, so the count of reports goes on.
    std::optional<SenderInfo> report(std::int64_t now_ns, const NtpClock& clock, bool regular);

    Counters counters() const;
    bool silent_so_far() const; ///< neither RTP nor RTCP was sent

private:
    std::size_t build(std::span<std::uint8_t> buffer, const jf_payload& payload, std::int64_t now_ns);
    void remember_capture(std::uint32_t timestamp, std::int64_t capture_ns, std::int64_t now_ns);

    const StreamConfig& config_;
    Path rtp_path_;
    Path rtcp_path_;
    std::size_t rtp_limit_bytes_;
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
};

} // namespace jackfield::rtp
