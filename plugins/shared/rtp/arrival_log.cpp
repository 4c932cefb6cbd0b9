// Arrivals, and what a report says of them.
//
// Threads: guarded by the lock of the stream's receiving half.
#include "arrival_log.hpp"

#include "wire.hpp"

namespace jackfield::rtp {

namespace {

std::int16_t distance(std::uint16_t later, std::uint16_t earlier)
{
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(later - earlier));
}

} // namespace

void ArrivalLog::begin(std::uint32_t ssrc, std::uint16_t sequence)
{
    any_ = true;
    ssrc_ = ssrc;
    for (Entry& one : entries_)
        one.present = false;
    again_from_ = new_from_ = end_ = sequence;
    news_ = 0;
}

void ArrivalLog::arrived(std::uint32_t ssrc, std::uint16_t sequence, std::int64_t arrival_ns, std::uint8_t ecn)
{
    constexpr std::int16_t kJump = static_cast<std::int16_t>(kCapacity / 2);
    if (!any_ || ssrc != ssrc_ || distance(sequence, end_) >= kJump || distance(sequence, end_) < -kJump)
        begin(ssrc, sequence);
    if (distance(sequence, again_from_) < 0)
        return; // whoever waits for it has given it up
    for (; distance(sequence, end_) >= 0; ++end_)
        entry(end_).present = false;
    entry(sequence) = {arrival_ns, sequence, ecn, true};
    ++news_;
    if (distance(end_, again_from_) > static_cast<std::int16_t>(kCapacity))
        again_from_ = static_cast<std::uint16_t>(end_ - kCapacity);
    if (distance(new_from_, again_from_) < 0)
        new_from_ = again_from_;
}

void ArrivalLog::report(CongestionFeedbackWriter& writer, std::int64_t now_ns)
{
    if (!any_ || again_from_ == end_)
        return;
    const std::size_t room = writer.room();
    std::uint16_t from = again_from_;
    if (static_cast<std::size_t>(distance(end_, from)) > room)
        from = new_from_; // what was told once need not be told again
    const std::size_t count = std::min(static_cast<std::size_t>(distance(end_, from)), room);
    if (count == 0)
        return;
    writer.begin_block(ssrc_, from, count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto sequence = static_cast<std::uint16_t>(from + i);
        const Entry& one = entry(sequence);
        const bool there = one.present && one.sequence == sequence;
        const std::int64_t ago = there ? to_units(std::max<std::int64_t>(now_ns - one.arrival_ns, 0), 1024) : 0;
        writer.metric(there, one.ecn, static_cast<std::uint16_t>(std::min<std::int64_t>(ago, kOffsetMost)));
    }
    const auto covered_to = static_cast<std::uint16_t>(from + count);
    again_from_ = from == again_from_ ? new_from_ : from;
    new_from_ = covered_to;
    news_ = static_cast<std::size_t>(std::max<std::int16_t>(distance(end_, covered_to), 0));
}

} // namespace jackfield::rtp
