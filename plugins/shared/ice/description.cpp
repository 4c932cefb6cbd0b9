// Credentials first, then one candidate per line; a line that cannot be used is counted and skipped.
//
// Threads: pure functions.
#include "description.hpp"

#include <jackfield/basic.hpp>

#include <algorithm>

namespace jackfield::ice {

namespace {

std::string_view next_line(std::string_view& text)
{
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    return line;
}

// ice-ufrag = 4*256ice-char, ice-pwd = 22*256ice-char (RFC 8839 section 5.4)
bool is_credential(std::string_view text, std::size_t shortest)
{
    return text.size() >= shortest && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                      c == '/';
           });
}

} // namespace

Description parse_description(std::string_view text)
{
    if (text.size() > kMaxDescriptionBytes)
        throw Failure(JF_BAD_INPUT, "the peer's ICE description is larger than 65536 bytes");

    Description description;
    const std::string_view ufrag = next_line(text);
    const std::string_view pwd = next_line(text);
    const bool without_ice = ufrag == "-" && pwd == "-";
    if (!without_ice && (!is_credential(ufrag, 4) || !is_credential(pwd, 22)))
        throw Failure(JF_BAD_INPUT, "the peer's ICE description does not begin with a ufrag of 4 to 256 and a pwd of "
                                    "22 to 256 letters, digits, + or /");
    description.credentials = {std::string(ufrag), std::string(pwd)};

    const auto skip = [&](const char* why) {
        if (description.skipped_lines++ == 0)
            description.first_problem = why;
    };
    while (!text.empty()) {
        const std::string_view line = next_line(text);
        if (description.candidates.size() == kMaxRemoteCandidates) {
            skip("there are more than 64 candidates");
            continue;
        }
        const auto candidate = parse_candidate(line);
        if (candidate)
            description.candidates.push_back(*candidate);
        else
            skip(candidate.error().why);
    }
    return description;
}

std::optional<Candidate> Description::plain_address(unsigned component) const
{
    const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
        return candidate.component == component && !candidate.is_tcp() && !candidate.address.is_group();
    });
    return found == candidates.end() ? std::nullopt : std::optional(*found);
}

std::string write_description(const Credentials& credentials, const std::vector<std::string>& lines)
{
    std::string text = credentials.ufrag + '\n' + credentials.pwd + '\n';
    for (const auto& line : lines)
        text += line + '\n';
    return text;
}

} // namespace jackfield::ice
