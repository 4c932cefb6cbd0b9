// Profile cards. See vcard.hpp.

#include "kernel/contacts/vcard.hpp"

#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace jackfield::kernel {

namespace {

/// One content line (RFC 6350 section 3.3), its folds undone.
struct ContentLine {
    std::string raw;  // "item1.TEL;TYPE=work:tel:+32.."
    std::string name; // "TEL"
    std::string value;
    std::size_t number; // of its first line in the card, from 1
};

[[noreturn]] void refuse(std::size_t line, std::string_view problem)
{
    throw Failure(JF_BAD_INPUT, fmt::format("the vCard's line {} {}", line, problem));
}

char large(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool same(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, [](char x, char y) { return large(x) == large(y); });
}

/// Where the value begins: after the first colon that stands in no quoted parameter (section 3.3).
std::optional<std::size_t> colon_of(std::string_view line)
{
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"')
            quoted = !quoted;
        else if (line[i] == ':' && !quoted)
            return i;
    }
    return std::nullopt;
}

void understand(ContentLine& line)
{
    const std::string_view raw = line.raw;
    const auto colon = colon_of(raw);
    if (!colon)
        refuse(line.number, "has no value");
    auto name = raw.substr(0, std::min(raw.find(';'), *colon));
    if (const auto dot = name.find('.'); dot != std::string_view::npos)
        name = name.substr(dot + 1); // its group
    const auto may_stand = [](char c) {
        return (large(c) >= 'A' && large(c) <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (name.empty() || !std::ranges::all_of(name, may_stand))
        refuse(line.number, "has no name");
    line.name = name;
    std::ranges::transform(line.name, line.name.begin(), large);
    line.value = raw.substr(*colon + 1);
}

bool has_control(std::string_view text)
{
    return std::ranges::any_of(text,
                               [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

/// Lines that begin with a space or tab go on with the one before (section 3.2). They may end with LF alone.
std::vector<ContentLine> lines_of(std::string_view text)
{
    std::vector<ContentLine> lines;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (has_control(line))
            refuse(number, "has control characters in it");
        const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
        if (goes_on && lines.empty())
            refuse(number, "goes on with nothing");
        if (goes_on)
            lines.back().raw += line.substr(1);
        else if (!line.empty() || !text.empty()) // an empty line at the very end is no harm
            lines.push_back({std::string(line), "", "", number});
        if (lines.size() > vcard_limits::kLines)
            refuse(number, "is one too many");
    }
    for (auto& line : lines)
        understand(line);
    return lines;
}

/// Section 3.4.
std::string unescaped(std::string_view value)
{
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\' || i + 1 == value.size()) {
            text += value[i];
            continue;
        }
        const char escaped = value[++i];
        text += escaped == 'n' || escaped == 'N' ? '\n' : escaped;
    }
    return text;
}

std::string in_one_line(std::string text)
{
    std::ranges::replace(text, '\n', ' ');
    std::ranges::replace(text, '\t', ' ');
    return text;
}

/// The parts of a structured value, at semicolons that are not escaped (section 3.4).
std::vector<std::string> components(std::string_view value)
{
    std::vector<std::string> parts(1);
    std::size_t began = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\') {
            ++i;
        } else if (value[i] == ';') {
            parts.back() = in_one_line(unescaped(value.substr(began, i - began)));
            began = i + 1;
            parts.emplace_back();
        }
    }
    parts.back() = in_one_line(unescaped(value.substr(began)));
    return parts;
}

void add_to(std::vector<std::string>& all, std::string_view value)
{
    if (all.size() < vcard_limits::kOfAKind)
        all.push_back(in_one_line(unescaped(value)));
}

void take(Vcard& card, const ContentLine& line)
{
    if (line.name == "FN" && card.name.empty()) {
        card.name = in_one_line(unescaped(line.value));
    } else if (line.name == "N") {
        const auto parts = components(line.value); // family, given, .. (section 6.2.2)
        card.family = parts[0];
        card.given = parts.size() > 1 ? parts[1] : "";
    } else if (line.name == "TEL") {
        add_to(card.telephones, line.value);
    } else if (line.name == "EMAIL") {
        add_to(card.mails, line.value);
    } else if (line.name == "NOTE" && card.note.empty()) {
        card.note = unescaped(line.value);
    } else if (line.name == "BEGIN" || line.name == "END" || line.name == "VERSION") {
        refuse(line.number, "belongs to another card, or stands there twice");
    }
}

Vcard read(std::string_view text)
{
    if (text.size() > vcard_limits::kBytes)
        throw Failure(JF_BAD_INPUT, fmt::format("the vCard is larger than {} bytes", vcard_limits::kBytes));
    if (first_bad_utf8(text))
        throw Failure(JF_BAD_INPUT, "the vCard is not UTF-8");
    const auto lines = lines_of(text);
    const auto is = [&](const ContentLine& line, std::string_view name, std::string_view value) {
        return line.name == name && same(line.value, value);
    };
    if (lines.empty() || !is(lines.front(), "BEGIN", "VCARD"))
        refuse(1, "is not BEGIN:VCARD");
    if (lines.size() < 2 || !is(lines[1], "VERSION", "4.0")) // right behind it (section 6.7.9)
        refuse(2, "is not VERSION:4.0");
    if (lines.size() < 3 || !is(lines.back(), "END", "VCARD"))
        refuse(lines.back().number, "is the last and is not END:VCARD");
    Vcard card;
    for (std::size_t i = 2; i + 1 < lines.size(); ++i)
        take(card, lines[i]);
    if (card.name.empty())
        throw Failure(JF_BAD_INPUT, "the vCard has no FN"); // section 6.2.1
    return card;
}

/// After 75 octets, never inside a character (section 3.2).
std::string folded(std::string_view line)
{
    constexpr std::size_t kMost = 75;
    std::string text;
    std::size_t in_line = 0;
    for (std::size_t i = 0; i < line.size();) {
        std::size_t size = 1;
        while (i + size < line.size() && (static_cast<unsigned char>(line[i + size]) & 0xc0) == 0x80)
            ++size;
        if (in_line + size > kMost) {
            text += "\r\n ";
            in_line = 1;
        }
        text += line.substr(i, size);
        in_line += size;
        i += size;
    }
    return text + "\r\n";
}

std::string escaped(std::string_view text)
{
    std::string value;
    for (const char c : text) {
        if (c == '\\' || c == ',' || c == ';')
            value += '\\';
        value += c == '\n' ? "\\n" : std::string(1, c);
    }
    return value;
}

} // namespace

std::expected<Vcard, Error> read_vcard(std::string_view text)
{
    try {
        return read(text);
    } catch (const Failure& failure) {
        return std::unexpected(failure.error());
    }
}

std::string write_vcard(std::string_view name)
{
    return "BEGIN:VCARD\r\nVERSION:4.0\r\n" + folded("FN:" + escaped(name)) + "END:VCARD\r\n";
}

std::string without_media(std::string_view text)
{
    static constexpr std::array<std::string_view, 4> kLarge{"PHOTO", "LOGO", "SOUND", "KEY"};
    std::string rest;
    for (const auto& line : lines_of(text)) {
        if (std::ranges::find(kLarge, line.name) == kLarge.end())
            rest += folded(line.raw);
    }
    return rest;
}

} // namespace jackfield::kernel
