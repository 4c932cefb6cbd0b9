// What we say inside QUIC: the head of a channel on its stream, and the flow in front of a datagram.
//
// A channel is a bidirectional stream. The end that asks for it sends the head: kind (one byte: 1 stream, 2 datagrams),
// length of the name (one byte, 1 to 255), name. The other accepts with one byte, 1; it declines by resetting the
// stream. Bytes of a channel of streams follow; the packets of a channel of datagrams go in DATAGRAM frames (RFC 9221)
// behind the number of their flow, a variable-length integer (RFC 9000 section 16), as RTP over QUIC has it.
//
// Threads: none of their own.
#pragma once

#include <jackfield/abi/path.h>
#include <jackfield/basic.hpp>

#include <array>
#include <optional>
#include <string>

namespace quic_ngtcp2 {

using jackfield::Bytes;
using jackfield::ByteView;

inline constexpr std::uint8_t kAccepted = 1;

/// Flow 0 is the secured path itself; an empty datagram of it asks for a sign of life.
inline constexpr std::uint64_t kSecuredFlow = 0;
inline constexpr std::size_t kMostFlowBytes = 8;

/// Error codes that we give the peer (RFC 9000 section 20.2).
enum class Code : std::uint64_t { in_order = 0, declined = 1, broken_rules = 2, too_much = 3 };

struct Head {
    std::uint32_t kind = JF_STREAM; // or JF_DATAGRAM
    std::string name;

    bool operator==(const Head&) const = default;
};

Bytes write_head(const Head& head);

/// Collects a head, however it comes.
class HeadReader {
public:
    /// The head, once it is whole; input moves on behind it. Throws Failure JF_BAD_INPUT.
    std::optional<Head> next(ByteView& input);

private:
    std::optional<std::uint32_t> kind_;
    std::size_t name_bytes_ = 0;
    std::string name_;
};

/// The flow of a channel of datagrams, of its stream's number: both ends know it, and no two have the same.
constexpr std::uint64_t flow_of(std::int64_t stream)
{
    const auto number = static_cast<std::uint64_t>(stream);
    return (number >> 2U) * 2 + (number & 1U) + 1; // RFC 9000 section 2.1: the lowest bits tell who opened it
}

struct FlowHead {
    std::array<std::uint8_t, kMostFlowBytes> bytes{};
    std::size_t size = 0;

    ByteView view() const { return {bytes.data(), size}; }
};

FlowHead write_flow(std::uint64_t flow);

/// Takes the flow off a datagram. None if there is none, or its number is cut off.
std::optional<std::uint64_t> take_flow(ByteView& datagram);

} // namespace quic_ngtcp2
