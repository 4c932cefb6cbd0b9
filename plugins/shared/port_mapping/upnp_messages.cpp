// See upnp_messages.hpp.
#include "upnp_messages.hpp"

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpreplyparse.h>

#include <algorithm>
#include <charconv>

namespace shared_port_mapping {

namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kDevice = "urn:schemas-upnp-org:device:InternetGatewayDevice:";
constexpr std::size_t kMaxErrorText = 100;

bool printable(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool equal_ignoring_case(std::string_view left, std::string_view right)
{
    return std::ranges::equal(left, right, [](char a, char b) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        return lower(a) == lower(b);
    });
}

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t\r");
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The first header of that name; empty if there is none.
std::string_view header(std::string_view text, std::string_view name)
{
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && equal_ignoring_case(trimmed(line.substr(0, colon)), name))
            return trimmed(line.substr(colon + 1));
    }
    return {};
}

/// The control address of a service: whole, or relative to where the description says, or came from.
std::optional<Url> control_of(const std::string& text, const std::string& base, const Url& from)
{
    if (text.empty() || !printable(text) || text.size() > kMaxUrlBytes)
        return std::nullopt;
    if (text.starts_with(kScheme)) {
        const auto url = read_url(text);
        return url && url->place.address == from.place.address ? url : std::nullopt;
    }
    Url url = from;
    if (const auto based = read_url(base); based && based->place.address == from.place.address)
        url.place = based->place;
    url.path = text.front() == '/' ? text : '/' + text;
    return url;
}

std::string text_of(const Endpoint& place)
{
    const std::string address = place.address.text();
    return (place.address.is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(place.port);
}

/// Link-local, unique local (RFC 4193), or of the /64 that we are in: of this network in any case.
bool is_neighbour(const IpAddress& address, const IpAddress& local)
{
    constexpr std::size_t kPrefixBytes = 8;
    return address.is_v6() && local.is_v6() &&
           (address.is_link_local() || (address.bytes()[0] & 0xFEU) == 0xFCU ||
            std::equal(address.bytes(), address.bytes() + kPrefixBytes, local.bytes()));
}

std::vector<Service> usable(const IGDdatas& found, std::initializer_list<const IGDdatas_service*> wanted,
                            const Url& from)
{
    std::vector<Service> services;
    for (const auto* service : wanted) {
        const auto control = control_of(service->controlurl, found.urlbase, from);
        const std::string type = service->servicetype;
        if (control && !type.empty() && printable(type) && type.find_first_of("\"<>&") == std::string::npos)
            services.push_back({*control, type});
    }
    return services;
}

IGDdatas parse_description(const std::string& xml)
{
    IGDdatas found{};
    if (xml.size() <= kMaxHttpBytes)
        parserootdesc(xml.data(), static_cast<int>(xml.size()), &found);
    return found;
}

} // namespace

std::optional<Url> read_url(std::string_view text)
{
    if (!text.starts_with(kScheme) || text.size() > kMaxUrlBytes || !printable(text))
        return std::nullopt;
    text.remove_prefix(kScheme.size());
    const auto slash = std::min(text.find('/'), text.size());
    std::string_view host = text.substr(0, slash);
    Url url{{{}, 80}, slash == text.size() ? "/" : std::string(text.substr(slash))};
    const bool v6 = host.starts_with('[');
    const auto end_of_address = v6 ? host.find(']') : 0;
    if (end_of_address == std::string_view::npos)
        return std::nullopt;
    if (const auto colon = host.find(':', end_of_address); colon != std::string_view::npos) {
        const std::string_view port = host.substr(colon + 1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.place.port);
        if (error != std::errc() || end != port.data() + port.size() || url.place.port == 0)
            return std::nullopt;
        host = host.substr(0, colon);
    }
    if (v6 && !host.ends_with(']'))
        return std::nullopt;
    const auto address = IpAddress::parse(v6 ? host.substr(1, host.size() - 2) : host);
    if (!address || address->is_v6() != v6)
        return std::nullopt;
    url.place.address = *address;
    return url;
}

std::string write_search(const Endpoint& to)
{
    // A device of version 2 answers to a search for version 1, too (UPnP Device Architecture section 1.3.2).
    return "M-SEARCH * HTTP/1.1\r\nHOST: " + text_of(to) +
           "\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: " + std::string(kDevice) + "1\r\n\r\n";
}

std::optional<Url> read_search_answer(ByteView datagram, const IpAddress& from, const IpAddress& local)
{
    if (datagram.size() > kMaxSearchAnswerBytes)
        return std::nullopt;
    const std::string_view text(reinterpret_cast<const char*>(datagram.data()), datagram.size());
    if (!text.starts_with("HTTP/1.1 200") || !header(text, "ST").starts_with(kDevice))
        return std::nullopt;
    const auto url = read_url(header(text, "LOCATION"));
    return url && (url->place.address == from || is_neighbour(url->place.address, local)) ? url : std::nullopt;
}

std::vector<Service> read_description(const std::string& xml, const Url& from)
{
    const IGDdatas found = parse_description(xml);
    return usable(found, {&found.first, &found.second}, from);
}

std::vector<Service> read_pinhole_description(const std::string& xml, const Url& from)
{
    const IGDdatas found = parse_description(xml);
    return usable(found, {&found.IPv6FC}, from);
}

std::string write_get(const Url& url)
{
    return "GET " + url.path + " HTTP/1.1\r\nHost: " + text_of(url.place) + "\r\nConnection: close\r\n\r\n";
}

std::string write_action(const Service& service, std::string_view action,
                         const std::vector<std::pair<std::string, std::string>>& arguments)
{
    std::string body = R"(<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" )"
                       R"(s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:)";
    body += action;
    body += " xmlns:u=\"" + service.type + "\">";
    for (const auto& [name, value] : arguments) {
        body += '<' + name + '>';
        body += value; // digits and words of ours
        body += "</" + name + '>';
    }
    body += "</u:";
    body += action;
    body += "></s:Body></s:Envelope>";
    std::string text = "POST " + service.control.path + " HTTP/1.1\r\nHost: " + text_of(service.control.place) +
                       "\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"" + service.type + '#';
    text += action;
    text += "\"\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
    return text + body;
}

ActionAnswer read_action_answer(const std::string& xml, const std::vector<std::string>& names)
{
    NameValueParserData parsed{};
    ParseNameValue(xml.data(), static_cast<int>(std::min(xml.size(), kMaxHttpBytes)), &parsed);
    const auto value = [&](const std::string& name) {
        const char* const text = GetValueFromNameValueList(&parsed, name.c_str());
        return std::string(text != nullptr ? text : "");
    };
    ActionAnswer answer;
    const std::string code = value("errorCode");
    std::from_chars(code.data(), code.data() + code.size(), answer.error);
    answer.error_text = value("errorDescription").substr(0, kMaxErrorText);
    std::ranges::replace_if(answer.error_text, [](char c) { return c < ' ' || c > '~'; }, '?');
    for (const auto& name : names)
        answer.values[name] = value(name);
    ClearNameValueList(&parsed);
    return answer;
}

} // namespace shared_port_mapping
