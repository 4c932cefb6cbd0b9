// The first pass over SDP: see the header.
//
// Threads: any.
#include "sdp_sections.hpp"

#include "sdp_reader.hpp"
#include "sip_text.hpp"

#include <jackfield/basic.hpp>

#include <algorithm>
#include <utility>

namespace jackfield::sip {
namespace {

using Values = std::vector<std::string_view>;

/// Attributes that are kept as they stand.
constexpr std::pair<std::string_view, std::string_view Section::*> kSingle[] = {
    {"ice-ufrag", &Section::ufrag},      {"ice-pwd", &Section::pwd}, {"mid", &Section::mid},
    {"quic-channel", &Section::channel}, {"rtcp", &Section::rtcp},   {"setup", &Section::setup}};
constexpr std::pair<std::string_view, Values Section::*> kRepeated[] = {
    {"group", &Section::groups},           {"rtpmap", &Section::rtpmaps},          {"fmtp", &Section::fmtps},
    {"rtcp-fb", &Section::feedback},       {"crypto", &Section::cryptos},          {"ssrc", &Section::ssrcs},
    {"ssrc-group", &Section::ssrc_groups}, {"fingerprint", &Section::fingerprints}};
constexpr std::pair<std::string_view, bool Section::*> kFlags[] = {{"end-of-candidates", &Section::end_of_candidates},
                                                                   {"rtcp-mux", &Section::rtcp_mux},
                                                                   {"rtcp-mux-only", &Section::rtcp_mux_only},
                                                                   {"bundle-only", &Section::bundle_only}};

/// Null if the attribute is not in the table.
template <class Member, std::size_t size>
const Member* find(const std::pair<std::string_view, Member> (&table)[size], std::string_view name)
{
    for (const auto& entry : table) {
        if (entry.first == name)
            return &entry.second;
    }
    return nullptr;
}

void read_attribute(Section& section, std::string_view value)
{
    const std::string_view name = take_until(value, ':');
    if (const auto* single = find(kSingle, name)) {
        section.** single = value;
    } else if (const auto* repeated = find(kRepeated, name)) {
        (section.**repeated).push_back(value);
    } else if (const auto* flag = find(kFlags, name)) {
        section.** flag = true;
    } else if (name == "sendrecv" || name == "sendonly" || name == "recvonly" || name == "inactive") {
        section.direction = name;
    } else if (name == "ice-options") {
        section.trickle = section.trickle || (" " + std::string(value) + " ").find(" trickle ") != std::string::npos;
    } else if (name == "candidate") {
        const auto candidate = parse_candidate(value);
        if (!candidate)
            refuse_sdp("a malformed candidate");
        section.candidates.push_back(*candidate);
    }
}

/// "media port proto fmt ..." (RFC 8866 section 5.14).
Section read_media_line(std::string_view value)
{
    Section section;
    section.media = take_until(value, ' ');
    std::string_view ports = take_until(value, ' ');
    const auto port = parse_number(take_until(ports, '/'), 65535);
    section.protocol = take_until(value, ' ');
    section.over_channel = section.protocol.starts_with(kOverChannel);
    section.formats = value;
    if (!is_token(section.media) || !port || section.protocol.empty() || section.protocol.size() > 32 ||
        trim(section.formats).empty())
        refuse_sdp("a malformed m= line");
    section.port = static_cast<int>(*port);
    return section;
}

} // namespace

void refuse_sdp(const std::string& text)
{
    throw Failure(JF_BAD_INPUT, "SDP: " + text);
}

std::vector<Section> read_sections(std::string_view text)
{
    if (text.size() > kMaxSdpBytes)
        refuse_sdp("more than " + std::to_string(kMaxSdpBytes) + " bytes");
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
        refuse_sdp("not UTF-8");
    std::vector<Section> sections(1);
    bool origin = false;
    for (std::size_t count = 0; !text.empty(); ++count) {
        std::string_view line = take_until(text, '\n'); // a lone LF is to be taken too: RFC 8866 section 5
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (count >= kMaxSdpLines || line.size() > kMaxSdpLineBytes)
            refuse_sdp("too many or too long lines");
        if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z' ||
            std::any_of(line.begin(), line.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }))
            refuse_sdp("a line that is not of the form x=...");
        const std::string_view value = line.substr(2);
        if (count == 0 && line != "v=0")
            refuse_sdp("does not begin with v=0");
        origin = origin || line[0] == 'o';
        if (line[0] == 'm') {
            if (sections.size() > kMaxSdpMedia)
                refuse_sdp("more than " + std::to_string(kMaxSdpMedia) + " media lines");
            sections.push_back(read_media_line(value));
        } else if (line[0] == 'c') {
            sections.back().connection = value;
        } else if (line[0] == 'a') {
            read_attribute(sections.back(), value);
        }
    }
    if (!origin)
        refuse_sdp("no o= line");
    return sections;
}

} // namespace jackfield::sip
