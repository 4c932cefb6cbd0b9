// One media line: its two halves, and what goes between them, the RTCP reports and key-frame requests it sends.
//
// Threads: send_report and tick times belong to the caller of tick; the first answer and key-frame requests may come
// from any thread. Nothing here holds a lock of its own.
#pragma once

#include "receiver.hpp"
#include "sender.hpp"
#include "session_context.hpp"

#include <random>

namespace jackfield::rtp {

class Stream {
public:
    /// Throws Failure.
    Stream(const StreamConfig& config, std::uint32_t number, const SessionContext& context,
           const std::vector<Path>& paths, std::uint64_t random, std::uint32_t random_for_reports, std::int64_t now_ns);

    const StreamConfig& config() const { return config_; }
    Sender& sender() { return sender_; }
    Receiver& receiver() { return receiver_; }

    /// Which way media goes from here on; an ended stream says goodbye and reports no more. [control]
    void turn(const StreamConfig& now, std::int64_t now_ns);
    bool ended() const { return ended_.load(std::memory_order_relaxed); } ///< [any]

    /// Sends what is due and returns when to come again. One caller.
    std::int64_t tick(std::int64_t now_ns) noexcept;

    /// A report out of turn: the peer's first sender report is answered at once, so that both soon know the round trip.
    void answer_first_report(std::int64_t now_ns) noexcept; ///< [media]

    void request_key_frame(std::int64_t now_ns) noexcept;              ///< [any]
    void send_pending_key_frame_request(std::int64_t now_ns) noexcept; ///< [any]

    /// Asks the peer for what is missing and can still come in time. [media]
    void send_repair_requests(std::int64_t now_ns) noexcept;

    /// The beginning of a compound that only carries feedback: a report about nobody, and the name. The losses since
    /// the last report are left to the next one of the schedule.
    void begin_feedback(RtcpWriter& writer);

    void say_goodbye(std::int64_t now_ns) noexcept;

    std::uint64_t key_frames_requested() const { return key_frames_requested_.load(std::memory_order_relaxed); }

private:
    void compose_report(RtcpWriter& writer, std::int64_t now_ns, bool regular);
    std::int64_t draw(double least, double most);

    const StreamConfig config_;
    const SessionContext& context_;
    Receiver receiver_;
    Sender sender_;
    std::minstd_rand random_;
    std::int64_t next_report_ns_;
    std::atomic<bool> ended_;
    std::atomic<bool> key_frame_wanted_{false};
    std::atomic<std::int64_t> last_key_frame_request_ns_;
    std::atomic<std::uint8_t> fir_number_{0};
    std::atomic<std::uint64_t> key_frames_requested_{0};
};

} // namespace jackfield::rtp
