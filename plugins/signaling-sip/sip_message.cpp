// One SIP message: see the header.
//
// Threads: the control thread; prepare_osip on any.
#include "sip_message.hpp"

#include "sip_text.hpp"

#include <cstdarg>
#include <mutex>
#include <optional>

namespace jackfield::sip {
namespace {

constexpr std::string_view kBranchCookie = "z9hG4bK"; // RFC 3261 section 8.1.1.7
constexpr std::uint64_t kMaxCseq = 0x7fffffff;        // RFC 3261 section 8.1.1.5

[[noreturn]] void refuse_message(const std::string& text)
{
    throw Failure(JF_BAD_INPUT, "malformed SIP: " + text);
}

/// Only the memory can be short here: the values are ours.
void must(int osip_result)
{
    if (osip_result != 0)
        throw Failure(JF_INTERNAL, "libosip2 refused a header field we wrote");
}

/// Text that libosip2 may free.
char* osip_copy(std::string_view text)
{
    auto* copy = static_cast<char*>(osip_malloc(text.size() + 1));
    if (copy == nullptr)
        throw std::bad_alloc();
    std::copy(text.begin(), text.end(), copy);
    copy[text.size()] = '\0';
    return copy;
}

std::string take_osip_text(char* text)
{
    if (text == nullptr)
        return {};
    std::string out(text);
    osip_free(text);
    return out;
}

std::string_view parameter(const osip_list_t& list, const char* name)
{
    osip_uri_param_t* found = nullptr;
    // The list is only read; the signature has no const.
    osip_uri_param_get_byname(const_cast<osip_list_t*>(&list), const_cast<char*>(name), &found);
    return found != nullptr && found->gvalue != nullptr ? std::string_view(found->gvalue) : std::string_view();
}

const osip_via_t* top_via(const osip_message_t& message)
{
    return static_cast<const osip_via_t*>(osip_list_get(&message.vias, 0));
}

/// "SIP/2.0 NNN text" (RFC 3261 section 7.2): libosip2 takes any number, and any version.
void check_status_line(std::string_view line)
{
    const std::string_view code = line.substr(std::min<std::size_t>(line.size(), 8), 3);
    const bool in_form = line.starts_with("SIP/2.0 ") && line.size() >= 12 && line[11] == ' ';
    const auto number = parse_number(code, 699);
    if (!in_form || !number || *number < 100)
        refuse_message("a status line without a status of 100 to 699");
}

/// "METHOD uri SIP/x.y", single spaces (RFC 3261 section 7.1).
void check_request_line(std::string_view line)
{
    const std::size_t uri = line.find(' ');
    const std::size_t version = line.rfind(' ');
    const bool in_form = uri != std::string_view::npos && version > uri + 1 && line.find(' ', uri + 1) == version &&
                         is_token(line.substr(0, uri)) && line.substr(version + 1).starts_with("SIP/");
    if (!in_form)
        refuse_message("a start line that is neither a request nor a status");
}

/// From has a tag, and so has To once there is a dialog (RFC 3261 sections 8.1.1.3 and 12.1.1).
void check_addresses(const osip_message_t& message)
{
    const auto whole = [](const osip_from_t* address) { return address != nullptr && address->url != nullptr; };
    if (!whole(message.from))
        refuse_message("no From");
    if (!whole(message.to))
        refuse_message("no To");
    if (parameter(message.from->gen_params, "tag").empty())
        refuse_message("From without a tag");
    const bool makes_dialog = message.status_code > 100 && message.status_code < 300;
    if (makes_dialog && std::string_view(message.cseq->method) == "INVITE" &&
        parameter(message.to->gen_params, "tag").empty())
        refuse_message("an answer to INVITE without a To tag");
}

void check_identifiers(const osip_message_t& message)
{
    if (message.call_id == nullptr || message.call_id->number == nullptr || *message.call_id->number == '\0')
        refuse_message("no Call-ID");
    if (message.cseq == nullptr || message.cseq->number == nullptr || message.cseq->method == nullptr)
        refuse_message("no CSeq");
    if (!parse_number(message.cseq->number, kMaxCseq) || !is_token(message.cseq->method))
        refuse_message("CSeq is not a number and a method");
    if (message.status_code == 0 && std::string_view(message.cseq->method) != message.sip_method)
        refuse_message("CSeq names another method than the request line");
}

void check_via(const osip_message_t& message)
{
    const osip_via_t* via = top_via(message);
    if (via == nullptr || via->host == nullptr || via->protocol == nullptr)
        refuse_message("no Via");
    if (!parameter(via->via_params, "branch").starts_with(kBranchCookie))
        refuse_message("a Via whose branch does not begin with z9hG4bK");
}

} // namespace

std::string uri_text(const osip_uri_t* uri)
{
    if (uri == nullptr || (uri->host == nullptr && uri->string == nullptr))
        return {};
    char* text = nullptr;
    osip_uri_to_str(uri, &text);
    return take_osip_text(text);
}

void uri_without_parameters(osip_uri_t& uri)
{
    for (osip_list_t* list : {&uri.url_params, &uri.url_headers})
        osip_uri_param_freelist(list);
}

void prepare_osip()
{
    static std::once_flag once;
    std::call_once(once, [] {
        osip_trace_initialize_func(TRACE_LEVEL0, [](const char*, int, osip_trace_level_t, const char*, va_list) {});
        for (int level = TRACE_LEVEL0; level < END_TRACE_LEVEL; ++level)
            osip_trace_disable_level(static_cast<osip_trace_level_t>(level));
        parser_init();
        osip_t* first = nullptr; // osip_init counts its first call without a lock
        if (osip_init(&first) == 0)
            osip_release(first);
    });
}

std::uint32_t Received::cseq() const
{
    return cseq_of(message);
}

std::string Received::call_id() const
{
    std::string id = message.call_id->number;
    if (message.call_id->host != nullptr)
        id.append("@").append(message.call_id->host);
    return id;
}

std::string_view Received::from_tag() const
{
    return parameter(message.from->gen_params, "tag");
}

std::string_view Received::to_tag() const
{
    return parameter(message.to->gen_params, "tag");
}

std::string_view Received::branch() const
{
    return parameter(top_via(message)->via_params, "branch");
}

std::string_view Received::from_user() const
{
    const char* user = message.from->url->username;
    return user != nullptr ? std::string_view(user) : std::string_view();
}

std::string Received::display_name() const
{
    if (message.from->displayname != nullptr)
        return read_display_name(message.from->displayname);
    const auto* contact = static_cast<const osip_contact_t*>(osip_list_get(&message.contacts, 0));
    return contact != nullptr && contact->displayname != nullptr ? read_display_name(contact->displayname)
                                                                 : std::string();
}

std::string Received::from_uri() const
{
    return uri_text(message.from->url);
}

std::string Received::to_uri() const
{
    return uri_text(message.to->url);
}

std::string Received::contact_uri() const
{
    const auto* contact = static_cast<const osip_contact_t*>(osip_list_get(&message.contacts, 0));
    return contact != nullptr ? uri_text(contact->url) : std::string();
}

std::vector<std::string> Received::record_routes() const
{
    std::vector<std::string> routes;
    for (int i = 0; i < osip_list_size(&message.record_routes); ++i) {
        const auto* route = static_cast<const osip_record_route_t*>(osip_list_get(&message.record_routes, i));
        char* text = nullptr;
        if (osip_record_route_to_str(route, &text) == 0)
            routes.push_back(take_osip_text(text));
    }
    return routes;
}

std::string_view Received::content_type() const
{
    return frame.header("Content-Type", 'c').value_or(std::string_view());
}

bool Received::has_content_type(std::string_view type) const
{
    const std::string_view value = content_type();
    return equals_ignoring_case(trim(value.substr(0, value.find(';'))), type);
}

OsipMessage parse_message(const Frame& frame)
{
    const std::string_view start = frame.start_line();
    if (start.starts_with("SIP/"))
        check_status_line(start);
    else
        check_request_line(start);

    osip_message_t* raw = nullptr;
    if (osip_message_init(&raw) != 0)
        throw std::bad_alloc();
    OsipMessage message(raw);
    if (osip_message_parse(raw, frame.head().data(), frame.head().size()) != 0)
        refuse_message("libosip2 cannot read the header of: " + std::string(cut_utf8(start, 60)));
    check_identifiers(*raw);
    check_addresses(*raw);
    check_via(*raw);
    return message;
}

OsipMessage make_request(std::string_view method, const std::string& uri, const std::string& from,
                         const std::string& to, const std::string& call_id, std::uint32_t cseq)
{
    osip_message_t* raw = nullptr;
    if (osip_message_init(&raw) != 0)
        throw std::bad_alloc();
    OsipMessage message(raw);
    osip_message_set_version(raw, osip_copy("SIP/2.0"));
    osip_message_set_method(raw, osip_copy(method));
    osip_message_set_status_code(raw, 0);
    osip_uri_t* target = nullptr;
    must(osip_uri_init(&target));
    osip_message_set_uri(raw, target);
    must(osip_uri_parse(target, uri.c_str()));
    must(osip_message_set_from(raw, from.c_str()));
    must(osip_message_set_to(raw, to.c_str()));
    must(osip_message_set_call_id(raw, call_id.c_str()));
    must(osip_message_set_cseq(raw, (std::to_string(cseq) + " " + std::string(method)).c_str()));
    add_header(*raw, "Max-Forwards", "70");
    return message;
}

OsipMessage make_response(const osip_message_t& request, int code, const std::string& to_tag)
{
    osip_message_t* raw = nullptr;
    if (osip_message_init(&raw) != 0)
        throw std::bad_alloc();
    OsipMessage message(raw);
    const char* phrase = osip_message_get_reason(code);
    osip_message_set_version(raw, osip_copy("SIP/2.0"));
    osip_message_set_status_code(raw, code);
    osip_message_set_reason_phrase(raw, osip_copy(phrase != nullptr ? phrase : "Other"));
    must(osip_from_clone(request.from, &raw->from));
    must(osip_to_clone(request.to, &raw->to));
    must(osip_call_id_clone(request.call_id, &raw->call_id));
    must(osip_cseq_clone(request.cseq, &raw->cseq));
    must(osip_list_clone(&request.vias, &raw->vias, [](void* from, void** to) {
        return osip_via_clone(static_cast<const osip_via_t*>(from), reinterpret_cast<osip_via_t**>(to));
    }));
    if (code > 100 && parameter(raw->to->gen_params, "tag").empty())
        must(osip_uri_param_add(&raw->to->gen_params, osip_copy("tag"), osip_copy(to_tag)));
    return message;
}

void add_header(osip_message_t& message, const char* name, const std::string& value)
{
    must(osip_message_set_header(&message, name, value.c_str()));
}

void add_via(osip_message_t& message, const std::string& value)
{
    must(osip_message_set_via(&message, value.c_str()));
}

void add_route(osip_message_t& message, const std::string& value)
{
    must(osip_message_set_route(&message, value.c_str()));
}

void add_contact(osip_message_t& message, const std::string& value)
{
    must(osip_message_set_contact(&message, value.c_str()));
}

void set_content_type(osip_message_t& message, const std::string& value)
{
    add_header(message, "Content-Type", value);
}

void copy_record_routes(const osip_message_t& request, osip_message_t& response)
{
    must(osip_list_clone(&request.record_routes, &response.record_routes, [](void* from, void** to) {
        return osip_record_route_clone(static_cast<const osip_record_route_t*>(from),
                                       reinterpret_cast<osip_record_route_t**>(to));
    }));
}

OsipMessage clone_message(const osip_message_t& message)
{
    osip_message_t* copy = nullptr;
    if (osip_message_clone(&message, &copy) != 0)
        throw std::bad_alloc();
    return OsipMessage(copy);
}

std::string request_uri(const osip_message_t& request)
{
    return uri_text(request.req_uri);
}

std::uint32_t cseq_of(const osip_message_t& message)
{
    return static_cast<std::uint32_t>(parse_number(message.cseq->number, kMaxCseq).value_or(0));
}

void set_request_uri(osip_message_t& request, const std::string& uri)
{
    osip_uri_t* target = nullptr;
    must(osip_uri_init(&target));
    osip_uri_free(request.req_uri);
    osip_message_set_uri(&request, target);
    if (osip_uri_parse(target, uri.c_str()) != 0)
        throw Failure(JF_BAD_INPUT, "no URI to send a request to: " + std::string(cut_utf8(uri, 80)));
}

void set_cseq(osip_message_t& request, std::uint32_t cseq)
{
    const std::string value = std::to_string(cseq) + " " + request.sip_method;
    osip_cseq_free(request.cseq);
    request.cseq = nullptr;
    must(osip_message_set_cseq(&request, value.c_str()));
}

void replace_via(osip_message_t& request, const std::string& value)
{
    if (auto* via = static_cast<osip_via_t*>(osip_list_get(&request.vias, 0))) {
        osip_list_remove(&request.vias, 0);
        osip_via_free(via);
    }
    add_via(request, value);
}

void replace_header(osip_message_t& message, const char* name, const std::string& value)
{
    must(osip_message_replace_header(&message, name, value.c_str()));
}

std::string write_message(osip_message_t& message, std::string_view body)
{
    constexpr std::string_view ending = "Content-Length: 0\r\n\r\n"; // we never give libosip2 a body
    char* text = nullptr;
    std::size_t size = 0;
    must(osip_message_to_str(&message, &text, &size));
    std::string out(text, size);
    osip_free(text);
    if (!std::string_view(out).ends_with(ending))
        throw Failure(JF_INTERNAL, "libosip2 wrote a message we did not expect");
    out.resize(out.size() - ending.size());
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return out;
}

} // namespace jackfield::sip
