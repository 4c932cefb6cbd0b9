// Memory of two processes. See shared_memory.hpp.

#include "kernel/isolate/shared_memory.hpp"

#include "kernel/error.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

namespace jackfield::kernel::isolate {

namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

[[noreturn]] void give_up(const char* what)
{
    throw Failure(JF_EXHAUSTED, std::string("shared memory: ") + what + ": " + std::strerror(errno));
}

} // namespace

SharedMemory::SharedMemory(std::size_t size) : descriptor_(::memfd_create("jackfield", MFD_CLOEXEC | MFD_ALLOW_SEALING))
{
    if (!descriptor_ || ::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0 ||
        ::fcntl(descriptor_.get(), F_ADD_SEALS, kSeals) != 0)
        give_up("memfd_create");
    map(size);
}

SharedMemory::SharedMemory(Descriptor descriptor, std::size_t size) : descriptor_(std::move(descriptor))
{
    struct stat found{};
    if (!descriptor_ || ::fstat(descriptor_.get(), &found) != 0 || found.st_size != static_cast<off_t>(size) ||
        (::fcntl(descriptor_.get(), F_GET_SEALS) & F_SEAL_SHRINK) == 0)
        throw Failure(JF_BAD_INPUT, "shared memory: not what was agreed upon");
    map(size);
}

void SharedMemory::map(std::size_t size)
{
    void* const place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.get(), 0);
    if (place == MAP_FAILED)
        give_up("mmap");
    bytes_ = {static_cast<std::byte*>(place), size};
}

SharedMemory::~SharedMemory()
{
    if (!bytes_.empty())
        ::munmap(bytes_.data(), bytes_.size());
}

void wait_on(Word32& word, std::uint32_t seen, std::optional<std::chrono::nanoseconds> limit)
{
    timespec time{};
    if (limit) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*limit);
        time = {static_cast<time_t>(seconds.count()), static_cast<long>((*limit - seconds).count())};
    }
    ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT, seen, limit ? &time : nullptr, nullptr,
              0);
}

void wake_all(Word32& word)
{
    ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

} // namespace jackfield::kernel::isolate
