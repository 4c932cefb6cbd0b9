// Between our Candidate and libnice's.
//
// Threads: pure functions on copies.
#pragma once

#include <shared/ice/candidate.hpp>

#include <nice/agent.h>

#include <memory>

namespace jackfield::ice {

struct NiceCandidateFree {
    void operator()(NiceCandidate* candidate) const { nice_candidate_free(candidate); }
};
using NiceCandidatePtr = std::unique_ptr<NiceCandidate, NiceCandidateFree>;

NiceAddress to_nice(const IpAddress& address, std::uint16_t port);
NiceCandidatePtr to_nice(const Candidate& candidate, guint stream);

/// hide_related: the addresses behind a relay stay private (RFC 8839 section 5.1, the all-zero raddr).
Candidate from_nice(const NiceCandidate& candidate, bool hide_related);

} // namespace jackfield::ice
