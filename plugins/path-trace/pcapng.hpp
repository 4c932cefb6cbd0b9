// Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in the byte order of this machine.
//
// Threads: plain functions that append to a buffer of the caller's; they allocate only if it has no room.
#pragma once

#include <jackfield/path.hpp>

#include <string_view>

namespace path_trace::pcapng {

using Buffer = std::vector<std::uint8_t>;

enum class Direction : std::uint32_t { inbound = 1, outbound = 2 }; // as in epb_flags

/// Section 4.1. What follows belongs to it; a file may hold several.
void section(Buffer& out, std::string_view program);

/// Section 4.2. Raw IP packets, times in nanoseconds.
void interface(Buffer& out, std::string_view name, std::string_view description);

/// Section 4.3. `head` and `body` are one packet together.
void packet(Buffer& out, std::uint32_t interface, std::int64_t unix_ns, Direction direction,
            std::span<const std::uint8_t> head, std::span<const std::uint8_t> body);

/// How much room a packet takes.
std::size_t packet_bytes(std::size_t head_and_body);

} // namespace path_trace::pcapng
