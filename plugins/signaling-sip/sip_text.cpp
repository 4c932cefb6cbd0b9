// Small rules of SIP text: see the header.
//
// Threads: any. Lifetime: pure functions.
#include "sip_text.hpp"

#include <array>
#include <charconv>

namespace jackfield::sip {
namespace {

bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_control(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

/// How many bytes the character at the front of `text` has; 0 if it is malformed.
std::size_t utf8_character_size(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80)
        return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size)
        return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U)
            return 0;
    }
    const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool out_of_range = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
    return overlong || out_of_range ? 0 : size;
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        const std::size_t size = utf8_character_size(text);
        if (size == 0)
            return false;
        text.remove_prefix(size);
    }
    return true;
}

bool is_token(std::string_view text)
{
    constexpr std::string_view others = "-.!%*_+`'~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
    });
}

bool equals_ignoring_case(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string lower_case(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

std::string_view trim(std::string_view text)
{
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || number > most)
        return std::nullopt;
    return number;
}

std::string_view cut_utf8(std::string_view text, std::size_t most)
{
    if (text.size() <= most)
        return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
        --most;
    return text.substr(0, most);
}

std::string quote_display_name(std::string_view name)
{
    std::string out = "\"";
    for (std::string_view rest = cut_utf8(name, kDisplayNameBytes); !rest.empty();) {
        const std::size_t size = utf8_character_size(rest);
        if (size == 0) {
            out += '?'; // what is no text would make the whole message unreadable for the peer
            rest.remove_prefix(1);
            continue;
        }
        if (rest[0] == '"' || rest[0] == '\\')
            out += '\\';
        if (is_control(rest[0]))
            out += ' ';
        else
            out += rest.substr(0, size);
        rest.remove_prefix(size);
    }
    return out + '"';
}

std::string warning(const std::string& domain, const std::string& text)
{
    return "399 " + domain + " " + quote_display_name(text);
}

std::string read_display_name(std::string_view raw)
{
    raw = trim(raw);
    const bool quoted = raw.size() >= 2 && raw.front() == '"' && raw.back() == '"';
    if (quoted)
        raw = raw.substr(1, raw.size() - 2);
    std::string name;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (quoted && raw[i] == '\\' && i + 1 < raw.size())
            ++i;
        name += is_control(raw[i]) ? ' ' : raw[i];
    }
    return std::string(cut_utf8(name, kDisplayNameBytes));
}

std::string escape_user(std::string_view user)
{
    constexpr std::string_view unreserved = "-_.!~*'()";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : user) {
        if (is_alphanumeric(c) || unreserved.find(c) != std::string_view::npos) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

std::string random_hex(const Host& host, std::size_t bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    Bytes random(bytes);
    host.random(random);
    std::string out;
    for (const std::uint8_t byte : random) {
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

} // namespace jackfield::sip
