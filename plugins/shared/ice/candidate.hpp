// One ICE candidate and its line of text: the candidate-attribute of RFC 8839 section 5.1 without "candidate:".
//
// Threads: values and pure functions. What a stranger sent is parsed here, so everything is bounded.
#pragma once

#include "ip_address.hpp"

#include <expected>

namespace jackfield::ice {

inline constexpr std::size_t kMaxCandidateLineBytes = 512;

enum class CandidateType { host, server_reflexive, peer_reflexive, relayed };
enum class Transport { udp, tcp_active, tcp_passive, tcp_simultaneous };

struct Candidate {
    std::string foundation;
    unsigned component = 0;
    Transport transport = Transport::udp;
    std::uint32_t priority = 0;
    IpAddress address;
    std::uint16_t port = 0;
    CandidateType type = CandidateType::host;
    std::optional<IpAddress> related_address; // raddr and rport, or nothing
    std::uint16_t related_port = 0;

    bool is_tcp() const { return transport != Transport::udp; }

    friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// The word of RFC 8839: "host", "srflx", "prflx", "relay".
std::string_view type_word(CandidateType type);

/// Why a line was not taken.
struct LineProblem {
    bool malformed;  // false: well formed, but of no use to us (a host name, another transport)
    const char* why; // for the log
};

/// Strict: any deviation from the grammar is a problem, unknown extensions are skipped.
std::expected<Candidate, LineProblem> parse_candidate(std::string_view line);

std::string write_candidate(const Candidate& candidate);

} // namespace jackfield::ice
