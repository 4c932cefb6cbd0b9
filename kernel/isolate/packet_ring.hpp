// Packets from one process to another through memory that both have: one writes, the other reads, and neither makes a
// system call as long as the reader is awake.
//
//   writer   push
//   reader   pop until there is none -> wait_for_more
//
// The other side may be hostile: what it writes into the memory is read once, checked and copied before it is used.
//
// Threads:  one writer and one reader at a time, in whichever process; wake: any.
// Lifetime: a view on a part of a shared memory, of kRingBytes.

#pragma once

#include "kernel/isolate/shared_memory.hpp"

#include <jackfield/abi/types.h>

#include <array>
#include <optional>
#include <vector>

namespace jackfield::kernel::isolate {

/// What a record says. Down is from the kernel to the plugin, up is the other way.
enum class Event : std::uint32_t {
    kSend,     // down: the path above was asked to send. Up: the plugin sends on the path below
    kReceived, // down: the path below received. Up: the path above does
    kWritable, // down: so is the path below. Up: the path above
    kClosed,   // down: the path below ended, with a status. Up: the path above did
    kRoom,     // up, of no session: the ring that goes down has room again
    kTaken,    // so many bytes of a stream have been taken by the path for which they were
    kSkip,     // the rest of the memory is not used; what follows is at its beginning
};

struct Record {
    Event event = Event::kSkip;
    std::uint32_t session = 0;
    std::uint32_t detail = 0; // ECN of a packet, status of an end, bytes that were taken
    std::int64_t time_ns = 0;
    jf_bytes bytes{}; // until the next pop
};

class PacketRing {
public:
    /// Nothing longer can be in a record.
    static constexpr std::size_t kMostBytes = 65536;
    static constexpr std::size_t kCapacity = 1 << 20;
    static constexpr std::size_t kHeadBytes = 256;
    static constexpr std::size_t kRingBytes = kHeadBytes + kCapacity;

    explicit PacketRing(std::span<std::byte> part);

    /// JF_WOULD_BLOCK if there is no room now; the reader is told that somebody waits for some. JF_BAD_INPUT if the
    /// parts are too long. A reader that sleeps is woken.
    jf_status push(const Record& record, const jf_bytes* parts, std::size_t part_count)
    {
        const jf_status status = push_unheard(record, parts, part_count);
        wake_sleeper();
        return status;
    }
    /// The same for one of several: the reader goes on sleeping until wake_sleeper, which comes soon.
    jf_status push_unheard(const Record& record, const jf_bytes* parts, std::size_t part_count);
    void wake_sleeper();
    /// Until there may be room after JF_WOULD_BLOCK.
    void wait_for_room(std::chrono::nanoseconds limit);

    /// The next one, if there is one.
    std::optional<Record> pop();
    /// True if the writer waits for room, and there is now: said once.
    bool made_room();
    /// Until the writer has written something, or wake.
    void wait_for_more();
    void wake();

    /// The other side has written what cannot be. Nothing comes out any more.
    bool broken() const { return broken_; }

private:
    struct Head;
    struct Label;

    std::byte* at(std::uint32_t position) { return room_.data() + position % kCapacity; }
    bool empty() const;

    Head* head_;
    std::span<std::byte> room_;
    std::uint32_t mine_ = 0; // how far we have written or read; the word in the memory is for the other side
    bool broken_ = false;
    std::vector<std::byte> copy_; // of what is read
};

} // namespace jackfield::kernel::isolate
