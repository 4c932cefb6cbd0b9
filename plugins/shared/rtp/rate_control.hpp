// Between a session and its congestion controller: what leaves and what the peer reports goes in; targets for encoders,
// pacing and window come out.
//
// Threads: any media thread; one lock, held while the controller is asked. The listener is told without it.
// Lifetime: the session's; the controller outlives it. All memory is taken at construction.
#pragma once

#include "congestion_feedback.hpp"
#include "pacing.hpp"
#include "sent_log.hpp"
#include "session_config.hpp"

#include <jackfield/media_transport.hpp>

#include <array>
#include <mutex>

namespace jackfield::rtp {

/// A packet that leaves.
struct Departure {
    std::uint32_t stream = 0;
    bool repair = false; ///< a retransmission (RFC 4588)
    std::uint16_t sequence = 0;
    std::uint32_t wire_bytes = 0;
    std::uint32_t payload_bytes = 0;
};

/// What waits in a session.
struct Waiting {
    std::uint32_t bytes = 0;
    std::int64_t since_ns = 0; ///< 0: nothing waits
};

class RateControl {
public:
    RateControl(jf_rate_controller controller, MediaListener listener);

    /// [control] The streams in their places.
    void set_streams(const std::vector<StreamConfig>& streams, std::int64_t now_ns);

    /// True if so much of a picture may leave now.
    bool may_leave(std::uint32_t wire_bytes, std::int64_t now_ns) const;
    void left(const Departure& departure, std::int64_t now_ns);

    /// What a report says about one packet of a stream of ours, and then that this was all. [media]
    void metric(std::uint32_t stream, bool repair, const PacketMetric& metric);
    void metrics_end(std::int64_t now_ns);
    void loss_reported(std::uint32_t stream, std::uint8_t fraction_lost, std::int64_t round_trip_ns,
                       std::int64_t now_ns);

    /// When to come again. One caller.
    std::int64_t tick(const Waiting& waiting, std::int64_t now_ns);

    /// When the next of what waits may leave, if the window allows. [any]
    std::int64_t next_departure_ns() const;

    std::uint32_t target_bps(std::uint32_t stream) const; ///< [any] of payloads; 0 if the stream has none

    struct Now {
        std::uint32_t pacing_bps = 0;
        std::uint32_t window_bytes = 0;
        std::uint32_t in_flight_bytes = 0;
        std::uint64_t reports = 0; ///< packets of which the peer said what became of them
        std::uint64_t lost = 0;
        std::string controller; ///< what it says of itself, JSON
    };
    Now now() const; ///< [any] may allocate

private:
    struct Stream {
        StreamConfig::Rates rates;
        bool video = false;
        bool sends = false;
        double payload_bytes = 0; // decaying, to know what a packet's headers cost
        double wire_bytes = 0;
        std::uint32_t target_bps = 0; // of payloads
        std::uint32_t told_bps = 0;
    };
    using Told = std::array<std::uint32_t, JF_RATE_STREAMS_MAX>; // 0: nothing new

    double payload_share(const Stream& stream) const;
    void describe_streams(std::int64_t now_ns);
    Told ask();
    void tell(const Told& told) const;
    std::int64_t peer_time_ns(std::uint32_t time);

    const jf_rate_controller controller_;
    const MediaListener listener_;
    mutable std::mutex mutex_;
    std::array<Stream, JF_RATE_STREAMS_MAX> streams_{};
    std::size_t stream_count_ = 0;
    SentLog log_{2 * JF_RATE_STREAMS_MAX};
    Pacing pacing_;
    Now now_;
    std::int64_t next_tick_ns_ = 0;
    std::int64_t described_ns_ = 0;
    bool any_time_ = false;
    std::uint32_t last_time_ = 0;
    std::int64_t peer_units_ = 0; // 1/65536 s
};

} // namespace jackfield::rtp
