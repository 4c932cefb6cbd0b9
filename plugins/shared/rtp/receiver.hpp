// The receiving half of one stream: packets are opened, checked, put in order and given out at their time.
//
// Threads: packets come on the threads of the stream's paths, take on its media thread, statistics on any; one lock
// keeps them apart, held for the opening of a packet at most. Nothing here allocates after construction, save that
// what opens packets (libsrtp2) makes room for a source the first time it hears it.
#pragma once

#include "arrival_log.hpp"
#include "jitter_buffer.hpp"
#include "lip_sync.hpp"
#include "options.hpp"
#include "reception.hpp"
#include "repair_requests.hpp"
#include "rtcp_packet.hpp"
#include "rtp_packet.hpp"
#include "session_config.hpp"
#include "wire.hpp"

#include <jackfield/abi/media_transport.h>

#include <atomic>
#include <memory>
#include <mutex>

namespace jackfield::rtp {

class Receiver {
public:
    struct Counters {
        std::uint64_t packets = 0;
        std::uint64_t payload_bytes = 0;
        std::uint64_t lost = 0;
        std::uint64_t late = 0;
        std::uint64_t refused = 0;
        std::uint64_t key_frame_requests = 0;
        double jitter_ms = 0;
        double delay_ms = 0;
        std::uint64_t repaired = 0; ///< lost, and sent again in time
        std::uint64_t repairs_asked = 0;
        std::optional<double> round_trip_ms;
        std::optional<double> remote_fraction_lost;
    };

    /// Throws Failure.
    Receiver(const StreamConfig& config, const RtpOptions& options, const NtpClock& clock, LipSync& sync);

    /// One RTP packet, as it came; `packet` is overwritten. True if `take` has something to give now, or must be asked
    /// sooner than it said: most packets of a picture change nothing.
    bool rtp(std::span<std::uint8_t> packet, const RtpHeader& header, std::int64_t arrival_ns, std::uint8_t ecn);

    /// One that the peer sent again (RFC 4588). True as above.
    bool repair(std::span<std::uint8_t> packet, const RtpHeader& header, std::int64_t arrival_ns, std::uint8_t ecn);

    /// Which packets to ask the peer for now; how many. [media]
    using Requests = std::array<std::uint16_t, RepairRequests::kMostAtOnce>;
    std::size_t repair_requests(Requests& sequences, std::int64_t now_ns);
    std::int64_t next_repair_request_ns() const { return next_request_ns_.load(std::memory_order_relaxed); } ///< [any]

    /// When packets arrived, as far as it has not been reported; the source of repair among them. [media]
    void report_arrivals(CongestionFeedbackWriter& writer, std::int64_t now_ns);
    std::uint64_t bytes_arrived() const { return bytes_arrived_.load(std::memory_order_relaxed); } ///< [any]

    std::int64_t round_trip_ns() const; ///< [any] -1: not known

    /// That of another stream of the session; it counts until the own one is known. [media]
    void hear_round_trip(std::int64_t round_trip_ns);

    /// Opens one RTCP compound in place; size shrinks. False: it is not from this stream's peer, or replayed.
    bool open_rtcp(std::span<std::uint8_t> packet, std::size_t& size);

    /// What an opened compound says. sender_report: true if it is the first of the source we listen to.
    bool sender_report(std::uint32_t from, const SenderInfo& info, std::int64_t arrival_ns);
    void remote_report(const ReportBlock& block, std::int64_t arrival_ns);
    void key_frame_requested();
    bool full_intra_request(std::uint8_t request_number); ///< false: a repetition
    void hear() { heard_.store(true, std::memory_order_relaxed); }
    void goodbye() { goodbye_.store(true, std::memory_order_relaxed); }

    /// [control] The stream receives from here on, or does not.
    void turn(bool receives) { receives_.store(receives, std::memory_order_relaxed); }

    /// The next payload (jf_media_session_methods::take).
    Status take(std::int64_t now_ns, jf_payload& payload, std::int64_t& next_due_ns);

    /// What a report says about the peer's packets now; nothing if none came.
    std::optional<ReportBlock> report(std::int64_t now_ns);

    void refuse() { refused_.fetch_add(1, std::memory_order_relaxed); } ///< [any] counts a packet that named no stream

    /// The source we listen to, or the one that was announced; nothing before its first packet. [any]
    std::optional<std::uint32_t> source() const;
    bool heard() const { return heard_.load(std::memory_order_relaxed); }          ///< [any] something authentic came
    bool said_goodbye() const { return goodbye_.load(std::memory_order_relaxed); } ///< [any]
    bool encrypted() const { return config_.receive_key.has_value(); }             ///< [any]

    Counters counters() const;

private:
    struct Source {
        std::uint32_t ssrc = 0;
        bool listened_to = false;
    };

    void pass_over(const RtpHeader& header);
    bool admit(std::uint32_t ssrc, std::uint16_t sequence, std::int64_t arrival_ns);
    Source* find(std::uint32_t ssrc);
    Source* remember(std::uint32_t ssrc);
    void listen_to(Source& source);
    bool store(const RtpHeader& header, ByteView payload, std::int64_t arrival_ns, bool repair);
    PacketRing::Stored put(const StoredPacket& packet, ByteView payload, bool restart, bool repair);
    void miss(const RtpHeader& header, const Placement& place, std::int64_t arrival_ns);
    bool changed(std::int64_t now_ns);
    std::int64_t in_step(std::uint32_t rtp_timestamp, std::int64_t play_ns);
    std::int64_t assumed_round_trip_ns() const;
    void be_patient();
    /// A peer may change its source this often; each costs the opener memory and none is forgotten, or it could be
    /// replayed.
    static constexpr std::size_t kMostSources = 16;
    static constexpr std::uint64_t kNoSource = std::uint64_t{1} << 32;

    const StreamConfig& config_;
    const NtpClock& clock_;
    LipSync& sync_;
    const bool clear_rtcp_;
    std::atomic<bool> receives_;
    std::atomic<std::uint64_t> source_;
    std::atomic<bool> heard_{false};
    std::atomic<bool> goodbye_{false};
    std::atomic<std::uint64_t> refused_{0};

    mutable std::mutex mutex_;
    std::unique_ptr<PacketOpener> opener_;
    Source sources_[kMostSources] = {};
    std::size_t source_count_ = 0;
    bool listening_ = false;                 // to source_; before that it is only announced
    std::optional<std::uint32_t> candidate_; // without encryption: a new source must send two packets in a row
    std::uint16_t candidate_next_ = 0;
    std::int64_t last_arrival_ns_ = 0;
    SequenceTracker sequence_;
    JitterMeter jitter_;
    std::unique_ptr<JitterBuffer> buffer_;
    std::int64_t asked_again_ns_ = kNothingDue; // what the last take said
    std::uint16_t carried_loss_ = 0;
    std::uint8_t taken_[kMaxPayloadBytes] = {};
    Counters counters_;
    std::uint64_t last_sr_ntp_ = 0;
    std::uint32_t last_sr_timestamp_ = 0; // of the same instant
    std::int64_t last_sr_arrival_ns_ = 0; // 0: none yet
    std::uint32_t last_sr_from_ = 0;
    std::optional<std::uint8_t> last_fir_;
    std::unique_ptr<ArrivalLog> arrivals_;        // if the peer wants to know
    std::unique_ptr<ArrivalLog> repair_arrivals_; // of its other source
    std::unique_ptr<RepairRequests> requests_;    // if it sends again what is lost
    std::optional<std::uint32_t> repair_source_;
    std::int64_t session_round_trip_ns_ = -1;
    std::atomic<std::int64_t> next_request_ns_{kNothingDue};
    std::atomic<std::uint64_t> bytes_arrived_{0};
};

} // namespace jackfield::rtp
