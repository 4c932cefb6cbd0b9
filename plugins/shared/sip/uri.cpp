// SIP URIs: see the header.
//
// Threads: any.
#include "uri.hpp"

#include "header_value.hpp"

#include <algorithm>

namespace shared_sip {

namespace {

constexpr std::string_view kUnreserved = "-_.!~*'()"; // with letters and digits: RFC 3261 section 25.1, mark
constexpr std::string_view kUserUnreserved = "&=+$,;?/";

bool is_alphanumeric(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

bool is_plain(char letter)
{
    return is_alphanumeric(letter) || kUnreserved.find(letter) != std::string_view::npos;
}

int hex_digit(char letter)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t at = kDigits.find(to_lower({&letter, 1}));
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool is_user(std::string_view text)
{
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%') {
            if (at + 2 >= text.size() || hex_digit(text[at + 1]) < 0 || hex_digit(text[at + 2]) < 0)
                return false;
            at += 2;
        } else if (!is_plain(text[at]) && kUserUnreserved.find(text[at]) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

/// Escapes of what needs none are the same as none (RFC 3261 section 19.1.4).
std::string with_needed_escapes(std::string_view user)
{
    std::string result;
    for (std::size_t at = 0; at < user.size(); ++at) {
        if (user[at] != '%') {
            result += user[at];
            continue;
        }
        const char letter = static_cast<char>(hex_digit(user[at + 1]) * 16 + hex_digit(user[at + 2]));
        if (is_plain(letter)) {
            result += letter;
        } else {
            result += '%';
            for (const std::size_t digit : {at + 1, at + 2})
                result += user[digit] >= 'a' ? static_cast<char>(user[digit] - 'a' + 'A') : user[digit];
        }
        at += 2;
    }
    return result;
}

bool is_host_name(std::string_view text)
{
    return !text.empty() && text.size() <= 253 && text.front() != '.' && text.front() != '-' &&
           std::ranges::all_of(text, [](char letter) {
               return is_alphanumeric(letter) || letter == '-' || letter == '.' || letter == '_';
           });
}

bool is_ipv6(std::string_view text)
{
    return text.size() >= 2 && text.size() <= 45 && text.find(':') != std::string_view::npos &&
           std::ranges::all_of(text,
                               [](char letter) { return hex_digit(letter) >= 0 || letter == ':' || letter == '.'; });
}

} // namespace

std::string HostPort::text() const
{
    const std::string written = host.find(':') != std::string::npos ? "[" + host + "]" : host;
    return port == 0 ? written : written + ":" + std::to_string(port);
}

std::string Uri::canonical() const
{
    HostPort place = where;
    if (place.port == (scheme == "sips" ? 5061 : 5060))
        place.port = 0;
    return scheme + ":" + (user.empty() ? "" : with_needed_escapes(user) + "@") + place.text();
}

std::string Uri::parameter(std::string_view name) const
{
    return shared_sip::parameter(std::string_view(parameters).substr(0, parameters.find('?')), name).value_or("");
}

std::optional<HostPort> read_host_port(std::string_view text)
{
    HostPort result;
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1)))
            return std::nullopt;
        result.host = to_lower(text.substr(1, end - 1));
        port = text.substr(end + 1);
    } else {
        const std::size_t colon = text.find(':');
        if (!is_host_name(text.substr(0, colon)))
            return std::nullopt;
        result.host = to_lower(text.substr(0, colon));
        port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    }
    if (port.empty())
        return result;
    const auto number = port.front() == ':' ? read_number(port.substr(1), 65535) : std::nullopt;
    if (!number || *number == 0)
        return std::nullopt;
    result.port = static_cast<std::uint16_t>(*number);
    return result;
}

std::optional<Uri> read_uri(std::string_view text)
{
    const std::size_t colon = text.find(':');
    if (text.size() > kLongestUri || colon == std::string_view::npos)
        return std::nullopt;
    Uri uri;
    uri.scheme = to_lower(text.substr(0, colon));
    if (uri.scheme != "sip" && uri.scheme != "sips")
        return std::nullopt;
    text.remove_prefix(colon + 1);
    if (std::ranges::any_of(text, [](char letter) { return letter <= ' ' || letter >= 0x7f || letter == '"'; }))
        return std::nullopt;
    const std::size_t at = text.find('@');
    if (at != std::string_view::npos) {
        uri.user = text.substr(0, std::min(text.find(':'), at)); // a password is nobody's name
        if (uri.user.empty() || !is_user(uri.user))
            return std::nullopt;
        text.remove_prefix(at + 1);
    }
    const std::size_t end = std::min(text.find_first_of(";?"), text.size());
    uri.parameters = text.substr(end);
    const auto where = read_host_port(text.substr(0, end));
    if (!where || uri.parameters.find_first_of("<>@") != std::string::npos)
        return std::nullopt;
    uri.where = *where;
    return uri;
}

std::string canonical_uri(std::string_view text)
{
    const auto uri = read_uri(text);
    return uri ? uri->canonical() : "";
}

} // namespace shared_sip
