// The grammar of a candidate line, both ways.
//
// Threads: pure functions.
#include "candidate.hpp"

#include <algorithm>
#include <charconv>

namespace jackfield::ice {

namespace {

constexpr std::string_view kTypeWords[] = {"host", "srflx", "prflx", "relay"};
constexpr std::uint16_t kDiscardPort = 9; // what an active candidate shows, RFC 6544 section 4.5

bool equal_ignoring_case(std::string_view left, std::string_view right)
{
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        return lower(a) == lower(b);
    });
}

// ice-char = ALPHA / DIGIT / "+" / "/"
bool is_ice_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/// The words of a line, separated by exactly one space each.
class Words {
public:
    explicit Words(std::string_view line) : rest_(line) {}

    bool empty() const { return done_; }

    /// Empty if there is none, or if two spaces follow each other: no word of the grammar is empty.
    std::string_view next()
    {
        if (done_)
            return {};
        const std::size_t space = rest_.find(' ');
        const std::string_view word = rest_.substr(0, space);
        done_ = space == std::string_view::npos;
        rest_ = done_ ? std::string_view{} : rest_.substr(space + 1);
        return word;
    }

private:
    std::string_view rest_;
    bool done_ = false;
};

template <class Number>
bool read_number(std::string_view word, std::size_t max_digits, Number lowest, Number highest, Number& out)
{
    if (word.empty() || word.size() > max_digits)
        return false;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
    return error == std::errc() && end == word.data() + word.size() && out >= lowest && out <= highest;
}

std::unexpected<LineProblem> malformed(const char* why)
{
    return std::unexpected(LineProblem{true, why});
}

std::unexpected<LineProblem> unusable(const char* why)
{
    return std::unexpected(LineProblem{false, why});
}

struct Extensions {
    std::string_view related_address;
    std::string_view related_port;
    std::string_view tcp_type;
};

/// What follows the type: pairs of a name and a value. False if a value is missing.
bool read_extensions(Words& words, Extensions& found)
{
    while (!words.empty()) {
        const std::string_view name = words.next();
        const std::string_view value = words.next();
        if (name.empty() || value.empty())
            return false;
        if (equal_ignoring_case(name, "raddr"))
            found.related_address = value;
        else if (equal_ignoring_case(name, "rport"))
            found.related_port = value;
        else if (equal_ignoring_case(name, "tcptype"))
            found.tcp_type = value;
    }
    return true;
}

/// RFC 6544 section 4.5. False if the word is none of the three.
bool read_tcp_type(std::string_view word, Transport& out)
{
    if (equal_ignoring_case(word, "active"))
        out = Transport::tcp_active;
    else if (equal_ignoring_case(word, "passive"))
        out = Transport::tcp_passive;
    else if (equal_ignoring_case(word, "so"))
        out = Transport::tcp_simultaneous;
    else
        return false;
    return true;
}

} // namespace

std::string_view type_word(CandidateType type)
{
    return kTypeWords[static_cast<std::size_t>(type)];
}

std::expected<Candidate, LineProblem> parse_candidate(std::string_view line)
{
    if (line.size() > kMaxCandidateLineBytes)
        return malformed("the line is longer than 512 bytes");
    if (!std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        return malformed("a byte is not printable ASCII");

    Words words(line);
    Candidate candidate;

    candidate.foundation = words.next();
    if (candidate.foundation.empty() || candidate.foundation.size() > 32 ||
        !std::all_of(candidate.foundation.begin(), candidate.foundation.end(), is_ice_char))
        return malformed("the foundation is not 1 to 32 letters, digits, + or /");
    if (!read_number(words.next(), 3, 1U, 256U, candidate.component))
        return malformed("the component is not a number from 1 to 256");
    const std::string_view transport = words.next();
    if (transport.empty())
        return malformed("the transport is missing");
    if (!read_number(words.next(), 10, std::uint32_t{1}, std::uint32_t{0x7fffffff}, candidate.priority))
        return malformed("the priority is not a number from 1 to 2147483647");
    const std::string_view address = words.next();
    if (address.empty())
        return malformed("the address is missing");
    if (!read_number(words.next(), 5, std::uint16_t{0}, std::uint16_t{65535}, candidate.port))
        return malformed("the port is not a number up to 65535");
    if (!equal_ignoring_case(words.next(), "typ"))
        return malformed("\"typ\" is missing");
    const std::string_view type = words.next();

    Extensions extensions;
    if (type.empty() || !read_extensions(words, extensions))
        return malformed("the type or the value of an extension is missing");
    if (extensions.related_address.empty() != extensions.related_port.empty())
        return malformed("raddr and rport come together or not at all");
    if (!extensions.related_address.empty()) {
        if (!read_number(extensions.related_port, 5, std::uint16_t{0}, std::uint16_t{65535}, candidate.related_port))
            return malformed("rport is not a number up to 65535");
        candidate.related_address = IpAddress::parse(extensions.related_address); // a name there is of no use
    }

    // Well formed. From here on the question is whether it is any use to us.
    const auto* word = std::find_if(std::begin(kTypeWords), std::end(kTypeWords),
                                    [&](std::string_view known) { return equal_ignoring_case(type, known); });
    if (word == std::end(kTypeWords))
        return unusable("the type is none of host, srflx, prflx, relay");
    candidate.type = static_cast<CandidateType>(word - std::begin(kTypeWords));
    if (equal_ignoring_case(transport, "TCP")) {
        if (!read_tcp_type(extensions.tcp_type, candidate.transport))
            return malformed("a TCP candidate needs tcptype active, passive or so");
    } else if (!equal_ignoring_case(transport, "UDP")) {
        return unusable("the transport is neither UDP nor TCP");
    }
    const auto parsed = IpAddress::parse(address);
    if (!parsed)
        return unusable("the address is a name, not an IP address");
    candidate.address = *parsed;
    return candidate;
}

std::string write_candidate(const Candidate& candidate)
{
    const bool active = candidate.transport == Transport::tcp_active;
    std::string line = candidate.foundation;
    line += ' ' + std::to_string(candidate.component);
    line += candidate.is_tcp() ? " TCP " : " UDP ";
    line += std::to_string(candidate.priority);
    line += ' ' + candidate.address.text();
    line += ' ' + std::to_string(active ? kDiscardPort : candidate.port);
    line += " typ ";
    line += type_word(candidate.type);
    if (candidate.related_address) {
        line += " raddr " + candidate.related_address->text();
        line += " rport " + std::to_string(candidate.related_port);
    }
    if (candidate.is_tcp()) {
        line += " tcptype ";
        line += active ? "active" : candidate.transport == Transport::tcp_passive ? "passive" : "so";
    }
    return line;
}

} // namespace jackfield::ice
