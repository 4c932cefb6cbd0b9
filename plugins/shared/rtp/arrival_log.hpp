// When the packets of one source of the peer came, until that has been reported twice (RFC 8888).
//
// Threads: guarded by the lock of the stream's receiving half. All memory is taken at construction.
#pragma once

#include "congestion_feedback.hpp"

#include <cstdint>
#include <vector>

namespace jackfield::rtp {

class ArrivalLog {
public:
    ArrivalLog() : entries_(kCapacity) {}

    void arrived(std::uint32_t ssrc, std::uint16_t sequence, std::int64_t arrival_ns, std::uint8_t ecn);

    /// Packets that no report has covered yet.
    std::size_t news() const { return news_; }

    /// A block about what came since the report before the last one: a report that gets lost costs nothing. Nothing if
    /// all has been told twice.
    void report(CongestionFeedbackWriter& writer, std::int64_t now_ns);

private:
    struct Entry {
        std::int64_t arrival_ns = 0;
        std::uint16_t sequence = 0;
        std::uint8_t ecn = 0;
        bool present = false;
    };

    void begin(std::uint32_t ssrc, std::uint16_t sequence);
    Entry& entry(std::uint16_t sequence) { return entries_[sequence % kCapacity]; }

    static constexpr std::size_t kCapacity = 1024; // a second of 10 Mb/s
    std::vector<Entry> entries_;
    bool any_ = false;
    std::uint32_t ssrc_ = 0;
    std::uint16_t again_from_ = 0; // covered once by the last report
    std::uint16_t new_from_ = 0;   // not covered yet
    std::uint16_t end_ = 0;        // one past the highest
    std::size_t news_ = 0;
};

} // namespace jackfield::rtp
