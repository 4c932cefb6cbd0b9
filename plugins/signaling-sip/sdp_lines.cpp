// Candidates, payload types, lines: see the header.
//
// Threads: any.
#include "sdp_lines.hpp"

#include "sip_text.hpp"

#include <shared/signaling/media_description.hpp>

#include <algorithm>
#include <array>

namespace jackfield::sip {

using namespace signaling;

std::size_t SdpSkeleton::described() const
{
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [](const Line& line) { return line.described; }));
}

std::string Candidate::with_component(int other) const
{
    std::string text(foundation);
    return text.append(" ").append(std::to_string(other)).append(" ").append(transport).append(" ").append(rest);
}

std::string address_type(std::string_view address)
{
    return address.find(':') != std::string_view::npos ? "IP6" : "IP4";
}

std::optional<Candidate> parse_candidate(std::string_view text)
{
    constexpr std::size_t kMaxBytes = 512;
    if (text.size() > kMaxBytes || text.find_first_of("\r\n\t") != std::string_view::npos)
        return std::nullopt;
    Candidate candidate;
    candidate.foundation = take_until(text, ' ');
    const auto component = parse_number(take_until(text, ' '), 256);
    candidate.transport = take_until(text, ' ');
    candidate.rest = text;
    candidate.priority = take_until(text, ' ');
    candidate.address = take_until(text, ' ');
    const auto port = parse_number(take_until(text, ' '), 65535);
    const std::string_view typ = take_until(text, ' ');
    candidate.type = take_until(text, ' ');

    const bool in_form = is_ice_text(candidate.foundation) && candidate.foundation.size() <= 32 && component &&
                         *component >= 1 && is_token(candidate.transport) &&
                         parse_number(candidate.priority, 0xffffffffU) && !candidate.address.empty() && port &&
                         equals_ignoring_case(typ, "typ") && is_token(candidate.type);
    if (!in_form)
        return std::nullopt;
    candidate.component = static_cast<int>(*component);
    candidate.port = static_cast<int>(*port);
    return candidate;
}

int session_component(std::size_t index, int component_of_line)
{
    const std::size_t component = 2 * index + static_cast<std::size_t>(component_of_line);
    return component <= static_cast<std::size_t>(kMaxComponent) ? static_cast<int>(component) : 0;
}

const StaticPayload* static_payload(int payload_type)
{
    static constexpr std::array<StaticPayload, 9> table{{{0, "PCMU", 8000},
                                                         {3, "GSM", 8000},
                                                         {8, "PCMA", 8000},
                                                         {9, "G722", 8000},
                                                         {13, "CN", 8000},
                                                         {18, "G729", 8000},
                                                         {26, "JPEG", 90000},
                                                         {31, "H261", 90000},
                                                         {34, "H263", 90000}}};
    const auto* found = std::find_if(table.begin(), table.end(),
                                     [&](const StaticPayload& entry) { return entry.payload_type == payload_type; });
    return found == table.end() ? nullptr : found;
}

bool is_ice_text(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    });
}

std::string_view take_until(std::string_view& text, char separator)
{
    const std::size_t end = text.find(separator);
    const std::string_view taken = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return taken;
}

} // namespace jackfield::sip
