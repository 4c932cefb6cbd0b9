// What names a call, a file or another errand in the timeline: nobody else has the same.
//
// Threads: any.

#pragma once

#include "kernel/executor/instance_host.hpp"

#include <fmt/format.h>

#include <string>

namespace jackfield::kernel {

/// 16 hex digits.
inline std::string random_id()
{
    std::uint64_t number = 0;
    random_bytes(reinterpret_cast<std::uint8_t*>(&number), sizeof(number));
    return fmt::format("{:016x}", number);
}

} // namespace jackfield::kernel
