// What happens to a request that comes in: see the header.
//
// Threads: any.
#include "incoming.hpp"

#include "methods.hpp"

#include <shared/sip/header_value.hpp>
#include <shared/sip/uri.hpp>

namespace discovery_sip {

namespace {

using shared_sip::Message;

Verdict reply(int code, std::string_view reason, std::string more = {})
{
    return {Verdict::Kind::reply, code, reason, std::move(more)};
}

bool is_one_of(std::string_view method, std::initializer_list<std::string_view> methods)
{
    for (const std::string_view one : methods) {
        if (method == one)
            return true;
    }
    return false;
}

std::string allow()
{
    return "Allow: " + std::string(kAllow) + "\r\n";
}

/// Outside of a dialog.
Verdict judge_first(const Message& request)
{
    const std::string& method = request.method();
    if (method == "OPTIONS") // a proxy that looks whether we are there: RFC 3261 section 11.2
        return reply(200, "OK", allow() + "Accept: application/sdp, text/plain\r\n");
    if (method == "SUBSCRIBE" || method == "PUBLISH") // RFC 6665 section 8.3.2, RFC 3903 section 6
        return reply(489, "Bad Event");
    if (is_one_of(method, {"BYE", "CANCEL", "INFO", "UPDATE", "PRACK", "NOTIFY"})) // RFC 6665 section 4.1.3 of NOTIFY
        return reply(481, "Call/Transaction Does Not Exist");
    if (method == "REGISTER" || method == "REFER") // RFC 3261 section 8.2.1
        return reply(405, "Method Not Allowed", allow());
    if (method != "INVITE" && method != "MESSAGE")
        return reply(501, "Not Implemented", allow());
    if (!shared_sip::read_uri(request.uri()))
        return reply(416, "Unsupported URI Scheme");
    if (sender_of(request).empty())
        return reply(403, "Forbidden", "Warning: 399 jackfield \"From names no SIP address\"\r\n");
    return {Verdict::Kind::to_peer, 0, {}, {}};
}

} // namespace

Verdict judge(const Message& request, bool call_is_known)
{
    if (call_is_known)
        return {Verdict::Kind::to_call, 0, {}, {}};
    if (request.method() == "ACK") // of an answer of ours, or of nothing: never answered
        return {};
    if (!request.to_tag().empty())
        return reply(481, "Call/Transaction Does Not Exist");
    return judge_first(request);
}

std::string sender_of(const Message& request)
{
    auto uri = shared_sip::read_uri(shared_sip::address_of(request.value("From")));
    if (!uri)
        return {};
    const std::string canonical = uri->canonical();
    const std::string_view parameters = std::string_view(uri->parameters).substr(0, uri->parameters.find('?'));
    return canonical + std::string(parameters);
}

} // namespace discovery_sip
