// Memory that two processes have in common (memfd_create(2)), and the futex(2) by which one of them waits for the
// other.
//
// Threads:  any.
// Lifetime: the mapping's; the descriptor may be sent to the other process and closed.

#pragma once

#include "kernel/descriptor.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace jackfield::kernel::isolate {

class SharedMemory {
public:
    /// New memory, all 0, whose size is fixed for everybody. Throws Failure JF_EXHAUSTED.
    explicit SharedMemory(std::size_t size);
    /// Memory that another process made. Throws Failure JF_BAD_INPUT if it has not that size, or may still shrink,
    /// which would be SIGBUS for whoever touches it.
    SharedMemory(Descriptor descriptor, std::size_t size);
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    ~SharedMemory();

    std::span<std::byte> bytes() const { return bytes_; }
    int descriptor() const { return descriptor_.get(); }

private:
    void map(std::size_t size);

    Descriptor descriptor_;
    std::span<std::byte> bytes_;
};

/// A word both processes look at.
using Word32 = std::atomic<std::uint32_t>;
static_assert(Word32::is_always_lock_free && sizeof(Word32) == 4);

/// Until the word is no longer `seen`, somebody wakes us, or the time, if there is one, is over. May return for
/// nothing.
void wait_on(Word32& word, std::uint32_t seen, std::optional<std::chrono::nanoseconds> limit = std::nullopt);
void wake_all(Word32& word);

} // namespace jackfield::kernel::isolate
