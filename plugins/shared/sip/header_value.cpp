// Header values of SIP: see the header.
//
// Threads: any.
#include "header_value.hpp"

#include <algorithm>
#include <charconv>

namespace shared_sip {

namespace {

char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// Goes through a text and says of each character whether it stands outside of quotes and angle brackets.
class Outside {
public:
    bool operator()(char letter)
    {
        if (quoted_) {
            if (escaped_)
                escaped_ = false;
            else if (letter == '\\')
                escaped_ = true;
            else if (letter == '"')
                quoted_ = false;
            return false;
        }
        if (letter == '"' && !bracketed_)
            quoted_ = true;
        else if (letter == '<')
            bracketed_ = true;
        else if (letter == '>')
            bracketed_ = false;
        return is_outside();
    }
    bool is_outside() const { return !quoted_ && !bracketed_; }

private:
    bool quoted_ = false;
    bool escaped_ = false;
    bool bracketed_ = false;
};

} // namespace

bool same_word(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string to_lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

std::string_view stripped(std::string_view text)
{
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::uint64_t> read_number(std::string_view text, std::uint64_t most)
{
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number > most)
        return std::nullopt;
    return number;
}

std::vector<std::string_view> split_list(std::string_view value, char separator)
{
    std::vector<std::string_view> elements;
    Outside outside;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (outside(value[at]) && value[at] == separator) {
            elements.push_back(stripped(value.substr(begin, at - begin)));
            begin = at + 1;
        }
    }
    elements.push_back(stripped(value.substr(begin)));
    return elements;
}

bool is_closed(std::string_view value)
{
    Outside outside;
    for (const char letter : value)
        outside(letter);
    return outside.is_outside();
}

std::optional<std::string> parameter(std::string_view value, std::string_view name)
{
    const auto parts = split_list(value, ';');
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::size_t equal = parts[i].find('=');
        if (same_word(stripped(parts[i].substr(0, equal)), name))
            return equal == std::string_view::npos ? "" : unquoted(stripped(parts[i].substr(equal + 1)));
    }
    return std::nullopt;
}

std::string_view address_of(std::string_view value)
{
    bool quoted = false;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] == '\\' && quoted)
            ++at;
        else if (value[at] == '"')
            quoted = !quoted;
        else if (value[at] == '<' && !quoted) {
            const std::size_t end = value.find('>', at);
            return end == std::string_view::npos ? std::string_view() : value.substr(at + 1, end - at - 1);
        }
    }
    return stripped(value.substr(0, value.find(';')));
}

std::string unquoted(std::string_view text)
{
    if (text.size() < 2 || text.front() != '"' || text.back() != '"')
        return std::string(text);
    std::string result;
    for (std::size_t at = 1; at + 1 < text.size(); ++at) {
        if (text[at] == '\\' && at + 2 < text.size())
            ++at;
        result += text[at];
    }
    return result;
}

std::string quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\')
            result += '\\';
        result += letter;
    }
    return result + "\"";
}

} // namespace shared_sip
