// What the reader and the writer of SDP share: candidates, static payload types, the lines of an offer that are kept
// for its answer.
//
// Threads: any. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::sip {

/// Before the profile of a line whose packets go over QUIC (draft-dawkins-avtcore-sdp-rtp-quic); the attribute
/// "quic-channel", our own, names the channels of the link.
inline constexpr std::string_view kOverChannel = "QUIC/";

enum class SdpRole { offer, answer };

/// The lines of an offer: an answer has as many, in the same order (RFC 3264 section 6), also for what the media
/// description cannot say (a data channel, a ninth stream): these are answered with port 0.
struct SdpSkeleton {
    struct Line {
        bool described = true; ///< it is a line of the media description
        std::string media;
        std::string protocol;
        std::string formats;
        std::string mid;
    };
    std::vector<Line> lines;
    bool ice_mismatch = false; ///< somebody on the way changed the addresses: there is no ICE (RFC 8839 section 4.2.5)

    std::size_t described() const;
};

/// "IP4" or "IP6"; borrows nothing.
std::string address_type(std::string_view address);

/// A candidate attribute without "candidate:" (RFC 8839 section 5.1), cut into what we look at.
struct Candidate {
    std::string_view foundation;
    int component = 0;
    std::string_view transport;
    std::string_view priority;
    std::string_view address;
    int port = 0;
    std::string_view type;
    std::string_view rest; ///< from the priority on, as it was

    /// The same candidate for another component.
    std::string with_component(int component) const;
};

/// Nothing if it is not in form. Borrows from the text.
std::optional<Candidate> parse_candidate(std::string_view text);

/// The component of line `index` (from 0) of the session: 2k+1 for RTP, 2k+2 for RTCP; 0 if the schema has no such.
int session_component(std::size_t index, int component_of_line);

struct StaticPayload {
    int payload_type;
    const char* name;
    std::uint32_t clock_rate_hz;
};

/// The encoding of a payload type that needs no rtpmap (RFC 3551 section 6), else null.
const StaticPayload* static_payload(int payload_type);

/// Characters of an ICE ufrag, pwd or foundation (RFC 8839 section 5.1).
bool is_ice_text(std::string_view text);

/// Cuts off and returns what stands before the separator; all of it if there is none.
std::string_view take_until(std::string_view& text, char separator);

} // namespace jackfield::sip
