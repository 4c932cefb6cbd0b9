// Packets between two processes. See packet_ring.hpp.

#include "kernel/isolate/packet_ring.hpp"

#include <cstring>

namespace jackfield::kernel::isolate {

namespace {

constexpr std::size_t kUnit = 32; // places of records are multiples of it, so that a label never lies across the end
constexpr std::size_t kLine = 64; // of a cache: what one side writes is not on that of the other

constexpr std::size_t in_units(std::size_t size)
{
    return (size + kUnit - 1) / kUnit * kUnit;
}

} // namespace

struct PacketRing::Head {
    alignas(kLine) Word32 written;
    alignas(kLine) Word32 read;
    alignas(kLine) Word32 bell;    // changes whenever the reader is to wake up
    Word32 asleep;                 // the reader waits for the bell
    alignas(kLine) Word32 starved; // the writer waits for room
};

struct PacketRing::Label {
    std::uint32_t size;
    std::uint32_t event;
    std::uint32_t session;
    std::uint32_t detail;
    std::int64_t time_ns;
    std::int64_t reserved;
};

PacketRing::PacketRing(std::span<std::byte> part)
    : head_(reinterpret_cast<Head*>(part.data())), room_(part.subspan(kHeadBytes, kCapacity)), copy_(kMostBytes)
{
    static_assert(sizeof(Head) <= kHeadBytes && sizeof(Label) == kUnit && kCapacity % kUnit == 0);
}

jf_status PacketRing::push_unheard(const Record& record, const jf_bytes* parts, std::size_t part_count)
{
    std::size_t size = 0;
    for (std::size_t i = 0; i < part_count; ++i)
        size += parts[i].size;
    if (size > kMostBytes)
        return JF_BAD_INPUT;
    const std::size_t needed = kUnit + in_units(size);
    const std::size_t to_end = kCapacity - mine_ % kCapacity;
    const std::size_t skipped = needed > to_end ? to_end : 0;
    const auto has_room = [&] {
        const std::uint32_t used = mine_ - head_->read.load();
        return used <= kCapacity && needed + skipped <= kCapacity - used;
    };
    if (!has_room()) {
        head_->starved.store(1);
        if (!has_room())
            return JF_WOULD_BLOCK; // and whoever reads from now on sees that we wait
    }
    if (skipped != 0) {
        const Label label{0, static_cast<std::uint32_t>(Event::kSkip), 0, 0, 0, 0};
        std::memcpy(at(mine_), &label, sizeof(label));
        mine_ += static_cast<std::uint32_t>(skipped);
    }
    const Label label{static_cast<std::uint32_t>(size),
                      static_cast<std::uint32_t>(record.event),
                      record.session,
                      record.detail,
                      record.time_ns,
                      0};
    std::byte* place = at(mine_);
    std::memcpy(place, &label, sizeof(label));
    place += sizeof(label);
    for (std::size_t i = 0; i < part_count; ++i) {
        if (parts[i].size != 0)
            std::memcpy(place, parts[i].data, parts[i].size);
        place += parts[i].size;
    }
    mine_ += static_cast<std::uint32_t>(needed);
    head_->written.store(mine_);
    return JF_OK;
}

/// All is sequentially consistent: if the reader does not see what was written, we see that it sleeps.
void PacketRing::wake_sleeper()
{
    if (head_->asleep.load() != 0 && head_->asleep.exchange(0) != 0)
        wake();
}

void PacketRing::wait_for_room(std::chrono::nanoseconds limit)
{
    wait_on(head_->starved, 1, limit);
}

std::optional<Record> PacketRing::pop()
{
    while (!broken_) {
        const std::uint32_t available = head_->written.load() - mine_;
        if (available == 0)
            return std::nullopt;
        const std::size_t to_end = kCapacity - mine_ % kCapacity;
        Label label{};
        if (available <= kCapacity && available % kUnit == 0)
            std::memcpy(&label, at(mine_), sizeof(label));
        else
            broken_ = true;
        const bool skip = label.event == static_cast<std::uint32_t>(Event::kSkip);
        const std::size_t taken = skip ? to_end : kUnit + in_units(label.size);
        broken_ = broken_ || label.event > static_cast<std::uint32_t>(Event::kSkip) || label.size > kMostBytes ||
                  taken > available || taken > to_end;
        if (broken_)
            break;
        std::memcpy(copy_.data(), at(mine_) + kUnit, skip ? 0 : label.size);
        mine_ += static_cast<std::uint32_t>(taken);
        head_->read.store(mine_);
        if (!skip)
            return Record{static_cast<Event>(label.event),
                          label.session,
                          label.detail,
                          label.time_ns,
                          {reinterpret_cast<const std::uint8_t*>(copy_.data()), label.size}};
    }
    return std::nullopt;
}

bool PacketRing::made_room()
{
    if (head_->starved.load() == 0 || head_->starved.exchange(0) == 0)
        return false;
    wake_all(head_->starved);
    return true;
}

bool PacketRing::empty() const
{
    return head_->written.load() == mine_;
}

void PacketRing::wait_for_more()
{
    const std::uint32_t seen = head_->bell.load();
    head_->asleep.store(1);
    if (empty() || broken_)
        wait_on(head_->bell, seen);
    head_->asleep.store(0);
}

void PacketRing::wake()
{
    head_->bell.fetch_add(1);
    wake_all(head_->bell);
}

} // namespace jackfield::kernel::isolate
