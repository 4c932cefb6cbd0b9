// What has left and is not accounted for yet: numbers for the packets of all streams, and what reports say about them.
//
// Threads: guarded by the lock of the session's rate control. All memory is taken at construction.
#pragma once

#include <jackfield/abi/congestion_control.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace jackfield::rtp {

class SentLog {
public:
    /// One flow is one SSRC of ours.
    explicit SentLog(std::size_t flows);

    /// A packet leaves; returns its number.
    std::uint64_t sent(std::size_t flow, std::uint16_t sequence, std::uint32_t size_bytes, std::int64_t now_ns);

    /// What a report of the peer says about one packet. Packets that never were, or are long settled, are no news.
    /// arrival_ns by the peer's clock; held_ns: how long before the report was made.
    void reported(std::size_t flow, std::uint16_t sequence, bool received, std::uint8_t ecn, std::int64_t arrival_ns,
                  std::int64_t held_ns);

    /// After all of a report: what is settled by it, by number. A packet is lost when it was missing and later ones of
    /// its flow came. Valid until the next call.
    std::span<const jf_packet_report> settle(std::int64_t now_ns);

    /// Of the last settle; -1: nothing new arrived.
    std::int64_t round_trip_ns() const { return round_trip_ns_; }

    /// Nobody will ever say what became of packets this old.
    void give_up(std::int64_t now_ns);

    std::uint32_t in_flight_bytes() const { return in_flight_bytes_; }

private:
    enum class State : std::uint8_t { settled, open, missing, received };

    struct Slot {
        jf_packet_report report{};
        std::size_t flow = 0;
        std::int64_t held_ns = 0;
        std::uint16_t sequence = 0;
        State state = State::settled;
    };
    struct Flow {
        std::vector<std::uint64_t> numbers; // by sequence
        std::uint16_t highest_received = 0;
        bool any_received = false;
    };

    Slot& slot(std::uint64_t number) { return slots_[number % kCapacity]; }
    void close(Slot& slot);

    static constexpr std::size_t kCapacity = 4096;
    static constexpr std::size_t kPerFlow = 2048;
    std::vector<Slot> slots_;
    std::vector<Flow> flows_;
    std::vector<jf_packet_report> settled_;
    std::uint64_t next_ = 1;
    std::uint64_t oldest_ = 1; // all before it are settled
    std::uint32_t in_flight_bytes_ = 0;
    std::int64_t round_trip_ns_ = -1;
};

} // namespace jackfield::rtp
