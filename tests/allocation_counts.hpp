// Counts every malloc and operator new of a program, for tests of what must not allocate. To be included by one source
// of a program of its own: it replaces malloc and operator new.
//
// Threads: the counters are of each thread alone. Sanitizers replace malloc themselves: then nothing is counted.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
#endif

namespace {

[[maybe_unused]] thread_local std::uint64_t malloc_count = 0; // not every program counts both
[[maybe_unused]] thread_local std::uint64_t new_count = 0;

} // namespace

#if COUNTS_ALLOCATIONS
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

__attribute__((visibility("default"))) void* malloc(std::size_t size)
{
    ++malloc_count;
    return __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size)
{
    ++malloc_count;
    return __libc_calloc(count, size);
}
__attribute__((visibility("default"))) void* realloc(void* old, std::size_t size)
{
    ++malloc_count;
    return __libc_realloc(old, size);
}
__attribute__((visibility("default"))) int posix_memalign(void** memory, std::size_t alignment, std::size_t size)
{
    ++malloc_count;
    *memory = __libc_memalign(alignment, size);
    return *memory != nullptr ? 0 : ENOMEM;
}
}

__attribute__((visibility("default"))) void* operator new(std::size_t size)
{
    ++new_count;
    if (void* memory = __libc_malloc(size))
        return memory;
    throw std::bad_alloc();
}
__attribute__((visibility("default"))) void operator delete(void* memory) noexcept
{
    std::free(memory);
}
__attribute__((visibility("default"))) void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
#endif
