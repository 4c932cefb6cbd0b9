// A whole description: credentials and candidates, as <jackfield/abi/connectivity.h> lays it out. Read and bounded
// here.
//
// Threads: values and pure functions.
#pragma once

#include "candidate.hpp"

#include <vector>

namespace jackfield::ice {

inline constexpr std::size_t kMaxDescriptionBytes = 64 * 1024;
inline constexpr std::size_t kMaxRemoteCandidates = 64;

struct Credentials {
    std::string ufrag;
    std::string pwd;

    bool without_ice() const { return ufrag == "-"; } // a peer that does none (RFC 8839 section 4.2.6)

    friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct Description {
    Credentials credentials;
    std::vector<Candidate> candidates; // in the order of the text, at most kMaxRemoteCandidates
    std::size_t skipped_lines = 0;
    std::string first_problem; // of the skipped lines, for the log

    /// Of a peer without ICE: its one address for the component. One of all zeros says that it is not known yet; that
    /// of a group is no peer's.
    std::optional<Candidate> plain_address(unsigned component) const;
};

/// Throws Failure(JF_BAD_INPUT) if the credentials are missing or malformed or the text is too long.
Description parse_description(std::string_view text);

std::string write_description(const Credentials& credentials, const std::vector<std::string>& lines);

} // namespace jackfield::ice
