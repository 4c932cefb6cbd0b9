// The first pass over SDP: lines become sections, the session's and one per m= line.
//
// Threads: any. Lifetime: a section borrows from the text it was read from.
#pragma once

#include "sdp_lines.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace jackfield::sip {

/// What stands before the first m= line, or after one m= line. Views into the text.
struct Section {
    std::string_view connection;
    std::string_view direction;
    std::string_view ufrag;
    std::string_view pwd;
    std::string_view mid;
    std::string_view channel;
    std::string_view rtcp;
    std::string_view setup;
    bool trickle = false;
    bool end_of_candidates = false;
    bool rtcp_mux = false;
    bool rtcp_mux_only = false;
    bool bundle_only = false;
    std::vector<std::string_view> groups;
    std::vector<std::string_view> rtpmaps;
    std::vector<std::string_view> fmtps;
    std::vector<std::string_view> feedback;
    std::vector<std::string_view> cryptos;
    std::vector<std::string_view> ssrcs;
    std::vector<std::string_view> ssrc_groups;
    std::vector<std::string_view> fingerprints;
    std::vector<Candidate> candidates;

    // of the m= line
    std::string_view media;
    std::string_view protocol;
    bool over_channel = false; // the protocol says so, and the rest of it stands in `protocol`
    std::string_view formats;
    int port = 0;
};

/// The text as sections, the session's first. The order within a section is not enforced: real programs differ.
/// Throws Failure JF_BAD_INPUT if the text is not in form or beyond the bounds of sdp_reader.hpp.
std::vector<Section> read_sections(std::string_view text);

/// Throws Failure JF_BAD_INPUT: "SDP: <text>".
[[noreturn]] void refuse_sdp(const std::string& text);

} // namespace jackfield::sip
