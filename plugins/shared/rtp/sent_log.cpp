// Packets on their way, by number.
//
// Threads: guarded by the lock of the session's rate control. What is reported comes from a stranger: it is looked up,
// never believed to exist.
#include "sent_log.hpp"

namespace jackfield::rtp {

namespace {

constexpr std::int64_t kGiveUpNs = 2'000'000'000;
constexpr std::int16_t kReordering = 3; // packets that may overtake one before it counts as lost

std::int16_t distance(std::uint16_t later, std::uint16_t earlier)
{
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(later - earlier));
}

} // namespace

SentLog::SentLog(std::size_t flows) : slots_(kCapacity), flows_(flows)
{
    for (Flow& flow : flows_)
        flow.numbers.resize(kPerFlow);
    settled_.reserve(kCapacity);
}

std::uint64_t SentLog::sent(std::size_t flow, std::uint16_t sequence, std::uint32_t size_bytes, std::int64_t now_ns)
{
    const std::uint64_t number = next_++;
    Slot& free = slot(number);
    if (free.state != State::settled) // it was never heard of again
        close(free);
    if (next_ - oldest_ > kCapacity)
        oldest_ = next_ - kCapacity;
    free = {};
    free.report.number = number;
    free.report.sent_ns = now_ns;
    free.report.size_bytes = size_bytes;
    free.flow = flow;
    free.sequence = sequence;
    free.state = State::open;
    flows_[flow].numbers[sequence % kPerFlow] = number;
    in_flight_bytes_ += size_bytes;
    return number;
}

void SentLog::reported(std::size_t flow, std::uint16_t sequence, bool received, std::uint8_t ecn,
                       std::int64_t arrival_ns, std::int64_t held_ns)
{
    if (flow >= flows_.size())
        return;
    Flow& of = flows_[flow];
    const std::uint64_t number = of.numbers[sequence % kPerFlow];
    Slot& found = slot(number);
    if (number == 0 || found.report.number != number || found.flow != flow || found.sequence != sequence)
        return;
    if (found.state != State::open && found.state != State::missing)
        return;
    if (!received) {
        found.state = State::missing;
        return;
    }
    found.state = State::received;
    found.held_ns = held_ns;
    found.report.received = 1;
    found.report.ecn = ecn;
    found.report.arrival_ns = arrival_ns;
    if (!of.any_received || distance(sequence, of.highest_received) > 0)
        of.highest_received = sequence;
    of.any_received = true;
}

std::span<const jf_packet_report> SentLog::settle(std::int64_t now_ns)
{
    settled_.clear();
    round_trip_ns_ = -1;
    bool whole = true; // everything so far is settled
    for (std::uint64_t number = oldest_; number < next_; ++number) {
        Slot& one = slot(number);
        const Flow& flow = flows_[one.flow];
        const bool lost = one.state == State::missing && flow.any_received &&
                          distance(flow.highest_received, one.sequence) >= kReordering;
        if (one.state == State::received || lost) {
            settled_.push_back(one.report);
            if (!lost) // the newest is the last
                round_trip_ns_ = now_ns - one.report.sent_ns - one.held_ns;
            close(one);
        }
        whole = whole && one.state == State::settled;
        if (whole)
            oldest_ = number + 1;
    }
    if (round_trip_ns_ < 0)
        round_trip_ns_ = -1;
    return settled_;
}

void SentLog::give_up(std::int64_t now_ns)
{
    for (; oldest_ < next_; ++oldest_) {
        Slot& one = slot(oldest_);
        if (one.state == State::settled)
            continue;
        if (now_ns - one.report.sent_ns < kGiveUpNs)
            return;
        close(one);
    }
}

void SentLog::close(Slot& slot)
{
    slot.state = State::settled;
    in_flight_bytes_ -= slot.report.size_bytes;
}

} // namespace jackfield::rtp
