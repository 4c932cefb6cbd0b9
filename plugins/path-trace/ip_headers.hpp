// Headers that a packet might have had: IPv4 with UDP, or with TCP for a stream. Paths have none, and programs that
// show captures find their way by ports. The caller is 192.0.2.1, the callee 192.0.2.2 (RFC 5737).
//
// Threads: one at a time for one conversation.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace path_trace {

class IpHeaders {
public:
    static constexpr std::size_t kMaxBytes = 40;
    static constexpr std::size_t kMaxBody = 32'000; // of a segment: what IPv4 can say

    IpHeaders(bool stream, std::uint16_t port) : stream_(stream), port_(port) {}

    /// For a body of that size; valid until the next call.
    std::span<const std::uint8_t> next(bool from_caller, std::size_t body_bytes);

private:
    bool stream_;
    std::uint16_t port_;
    std::uint32_t sequence_[2] = {1, 1}; // of the caller's and the callee's next byte
    std::array<std::uint8_t, kMaxBytes> bytes_{};
};

} // namespace path_trace
