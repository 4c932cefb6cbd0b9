// The datagrams by which neighbours find each other.
//
//   "JFLN" version (1) type (1) TCP port (2) key length (1) key          all numbers big-endian; at most 209 bytes
//
// Threads:  any; values.
#pragma once

#include <jackfield/basic.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace discovery_lan {

inline constexpr std::size_t kLargestKey_bytes = 200;
inline constexpr std::size_t kLargestValue_bytes = std::size_t{64} * 1024;
inline constexpr std::size_t kLargestDatagram_bytes = 9 + kLargestKey_bytes;

enum class Kind : std::uint8_t {
    ask = 1,     // who has a value of the key, or listens to it?           to the group
    have = 2,    // I do, and can be reached at that port of this address   to whoever asked
    changed = 3, // I have a new value of the key                          to the group
};

struct Datagram {
    Kind kind = Kind::ask;
    std::uint16_t port = 0; // 0 in ask
    std::string key;
};

jackfield::Bytes write(const Datagram& datagram);

/// Nothing if it is none of ours, of another version, or not of exactly that size.
std::optional<Datagram> read(jackfield::ByteView bytes);

} // namespace discovery_lan
