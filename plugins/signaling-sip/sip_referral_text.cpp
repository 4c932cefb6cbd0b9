// What REFER and its notifications say: see the header.
//
// Threads: any.
#include "sip_referral_text.hpp"

#include "sip_message.hpp"
#include "sip_reason.hpp"
#include "sip_text.hpp"

#include <algorithm>
#include <memory>

namespace jackfield::sip {
namespace {

constexpr std::size_t kLongestUri = 512;
constexpr std::size_t kLongestName = 512;
constexpr std::size_t kFragmentTextBytes = 120;

struct AddressDelete {
    void operator()(osip_from_t* address) const { osip_from_free(address); }
};

std::string text_of(const char* text)
{
    return text != nullptr ? text : "";
}

std::string method_of(osip_uri_t& uri)
{
    osip_uri_param_t* found = nullptr;
    std::string name = "method"; // the signature has no const
    osip_uri_param_get_byname(&uri.url_params, name.data(), &found);
    return found != nullptr ? text_of(found->gvalue) : "";
}

} // namespace

namespace {

/// Behind the question mark. RFC 5589 section 7.1 has Require beside Replaces.
void read_headers(osip_uri_t& uri, ReferTarget& target)
{
    for (int i = 0; i < osip_list_size(&uri.url_headers); ++i) {
        const auto* const header = static_cast<const osip_uri_param_t*>(osip_list_get(&uri.url_headers, i));
        const std::string name = text_of(header->gname);
        const std::string value = text_of(header->gvalue);
        if (equals_ignoring_case(name, "Replaces") && target.replaces.empty() && read_dialog_name(value))
            target.replaces = value;
        else if (!equals_ignoring_case(name, "Require") || !equals_ignoring_case(value, "replaces"))
            target.has_headers = true;
    }
}

} // namespace

bool is_uri_text(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"'; });
}

std::optional<ReferTarget> read_refer_target(std::string_view value)
{
    if (value.empty() || value.size() > kLongestUri + kLongestName)
        return std::nullopt;
    osip_from_t* raw = nullptr;
    if (osip_from_init(&raw) != 0)
        throw std::bad_alloc();
    const std::unique_ptr<osip_from_t, AddressDelete> address(raw);
    if (osip_from_parse(raw, std::string(value).c_str()) != 0 || raw->url == nullptr || raw->url->scheme == nullptr)
        return std::nullopt;
    osip_uri_t& uri = *raw->url;
    ReferTarget target;
    target.scheme = lower_case(uri.scheme);
    if (target.scheme != "sip" && target.scheme != "sips") // libosip2 takes no other apart
        return target;
    target.user = text_of(uri.username);
    target.host = lower_case(text_of(uri.host));
    target.method = method_of(uri);
    read_headers(uri, target);
    uri_without_parameters(uri);
    target.uri = uri_text(&uri);
    if (target.host.empty() || target.uri.size() > kLongestUri || !is_uri_text(target.uri) || !is_uri_text(target.host))
        return std::nullopt;
    return target;
}

std::optional<DialogName> read_dialog_name(std::string_view value)
{
    if (value.size() > kLongestName)
        return std::nullopt;
    DialogName name;
    std::size_t end = value.find(';');
    name.call_id = trim(value.substr(0, end));
    while (end != std::string_view::npos) {
        value.remove_prefix(end + 1);
        end = value.find(';');
        const std::string_view parameter = value.substr(0, end);
        const std::size_t equal = std::min(parameter.find('='), parameter.size());
        const std::string_view word = trim(parameter.substr(0, equal));
        const std::string_view tag = trim(parameter.substr(std::min(parameter.size(), equal + 1)));
        const bool to = equals_ignoring_case(word, "to-tag");
        if (to || equals_ignoring_case(word, "from-tag")) {
            std::string& place = to ? name.to_tag : name.from_tag;
            if (!place.empty() || !is_token(tag))
                return std::nullopt;
            place = tag;
        } else if (equals_ignoring_case(word, "early-only")) {
            name.early_only = true;
        }
    }
    const bool whole =
        !name.call_id.empty() && is_uri_text(name.call_id) && !name.to_tag.empty() && !name.from_tag.empty();
    return whole ? std::optional(std::move(name)) : std::nullopt;
}

std::string write_dialog_name(const DialogName& name)
{
    return name.call_id + ";to-tag=" + name.to_tag + ";from-tag=" + name.from_tag +
           (name.early_only ? ";early-only" : "");
}

std::optional<ReferEvent> read_refer_event(std::string_view value)
{
    const std::size_t end = value.find(';');
    if (!equals_ignoring_case(trim(value.substr(0, end)), "refer"))
        return std::nullopt;
    ReferEvent event;
    const std::string_view id = header_parameter(value, "id");
    if (!id.empty())
        event.id = parse_number(id, 0xffffffff).value_or(0); // 0 is nobody's
    return event;
}

std::optional<Fragment> read_fragment(std::string_view body)
{
    const std::string_view line = body.substr(0, body.find_first_of("\r\n"));
    constexpr std::string_view start = "SIP/2.0 ";
    if (!line.starts_with(start))
        return std::nullopt;
    const auto code = parse_number(line.substr(start.size(), 3), 699);
    const std::string_view rest = line.substr(std::min(line.size(), start.size() + 3));
    if (!code || *code < 100 || (!rest.empty() && rest.front() != ' '))
        return std::nullopt;
    return Fragment{static_cast<std::uint32_t>(*code), read_display_name(cut_utf8(rest, kFragmentTextBytes))};
}

std::string write_fragment(const Fragment& fragment)
{
    const char* phrase = osip_message_get_reason(static_cast<int>(fragment.code));
    std::string text = read_display_name(cut_utf8(fragment.text, kFragmentTextBytes)); // without control characters
    if (text.empty() || !is_utf8(text))
        text = phrase != nullptr ? phrase : "Other";
    return "SIP/2.0 " + std::to_string(fragment.code) + " " + text + "\r\n";
}

} // namespace jackfield::sip
