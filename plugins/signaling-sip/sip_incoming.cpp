// Requests of the peer (RFC 3261 section 8.2): what is checked before anything is believed, then one function each.
//
// Threads: the control thread.
#include "sip_reason.hpp"
#include "sip_session.hpp"
#include "sip_text.hpp"

#include <algorithm>
#include <array>

namespace jackfield::sip {
namespace {

constexpr std::array<std::string_view, 9> kTaken{"INVITE",  "ACK",  "CANCEL", "BYE",   "OPTIONS",
                                                 "MESSAGE", "INFO", "REFER",  "NOTIFY"};
constexpr std::array<std::string_view, 5> kKnown{"REGISTER", "SUBSCRIBE", "PRACK", "UPDATE", "PUBLISH"};

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& list, std::string_view value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

/// The answer to what the kernel said about a body.
int status_of_delivery(Status status)
{
    switch (status) {
    case JF_OK:
        return 200;
    case JF_UNSUPPORTED:
        return 415;
    case JF_BUSY:
        return 486;
    case JF_NOT_FOUND:
        return 404;
    case JF_REFUSED:
        return 403;
    case JF_BAD_INPUT:
        return 400;
    case JF_EXHAUSTED:
        return 503;
    default:
        return 500;
    }
}

/// Of Require: those that we do not know, as a list.
std::string unknown_options(const Received& request)
{
    std::string unknown;
    for (std::string_view list : request.frame.headers("Require")) {
        while (!list.empty()) {
            const std::size_t end = std::min(list.find(','), list.size());
            const std::string_view option = trim(list.substr(0, end));
            list.remove_prefix(std::min(list.size(), end + 1));
            const bool known = option.empty() || equals_ignoring_case(option, "norefersub") || // RFC 4488
                               equals_ignoring_case(option, "replaces");                       // RFC 3891
            if (!known)
                unknown.append(unknown.empty() ? "" : ", ").append(option);
        }
    }
    return unknown;
}

} // namespace

void SipSession::on_request(TransactionId id, const Received& request)
{
    if (failed_ || !is_acceptable(id, request))
        return;
    if (request.method() == "CANCEL")
        return on_cancel(id, request);
    if (request.to_tag().empty())
        return on_new_request(id, request);
    if (Call* call = find_dialog(request))
        return on_dialog_request(id, request, *call);
    if (Call* call = dialog_of_sibling(request))
        return on_dialog_request(id, request, *call);
    reply(id, 481); // RFC 3261 section 12.2.2
}

/// True if the request may be looked at; else it has been answered.
bool SipSession::is_acceptable(TransactionId id, const Received& request)
{
    if (!request.frame.start_line().ends_with(" SIP/2.0"))
        return reply(id, 505), false;
    if (!contains(kTaken, request.method()))
        return reply(id, contains(kKnown, request.method()) ? 405 : 501, {{"Allow", kAllow}}), false;
    const std::string scheme =
        lower_case(request.message.req_uri->scheme != nullptr ? request.message.req_uri->scheme : "");
    if (scheme != "sip" && scheme != "sips")
        return reply(id, 416), false;
    // The secure channel proved who is there; a request in another's name is a lie.
    if (!addresses_.is_peer(request.from_user()))
        return reply(id, 403), false;
    if (request.method() == "CANCEL")
        return true; // RFC 3261 section 9.2: no Require in it
    const std::string unsupported = unknown_options(request);
    if (request.frame.header("Replaces") && request.method() != "INVITE") // RFC 3891 section 3
        return reply(id, 400), false;
    if (!unsupported.empty()) // RFC 3261 section 8.2.2.3
        return reply(id, 420, {{"Unsupported", unsupported}}), false;
    const auto encoding = request.frame.header("Content-Encoding", 'e');
    if (encoding && !equals_ignoring_case(*encoding, "identity"))
        return reply(id, 415, {{"Accept-Encoding", "identity"}}), false;
    return true;
}

void SipSession::on_new_request(TransactionId id, const Received& request)
{
    const std::string call_id = request.call_id();
    const auto known = std::find_if(calls_.begin(), calls_.end(), [&](const auto& entry) {
        return entry.second.call_id == call_id && entry.second.remote_tag == request.from_tag();
    });
    if (known != calls_.end() && is_repeated(id, request, known->second))
        return;
    if (known != calls_.end()) // the same request by another way, or a second call in the first one's name: 8.2.2.2
        return reply(id, 482);
    if (request.method() == "INVITE")
        return on_invite(id, request);
    if (request.method() == "OPTIONS") // section 11.2
        return reply(id, 200,
                     {{"Allow", kAllow},
                      {"Supported", kSupported},
                      {"Accept", "application/sdp"},
                      {"Accept-Encoding", "identity"}});
    if (request.method() == "MESSAGE" || request.method() == "INFO")
        return on_delivery(id, request, nullptr);
    if (request.method() == "REFER") // nobody has called: nobody is sent elsewhere
        return reply(id, 403, {{"Warning", warning(config_.domain, "REFER is taken in a call")}});
    reply(id, 481); // BYE, NOTIFY
}

void SipSession::on_dialog_request(TransactionId id, const Received& request, Call& call)
{
    if (is_repeated(id, request, call))
        return;
    if (request.cseq() <= call.remote_cseq) // out of order: section 12.2.2
        return reply(id, 500, {{"Retry-After", "1"}}, &call);
    call.remote_cseq = request.cseq();
    if (request.method() == "BYE")
        return on_bye(id, request, call);
    if (call.state == CallState::ending)
        return reply(id, 481, {}, &call);
    if (request.method() == "INVITE")
        return on_reinvite(id, request, call);
    if (request.method() == "OPTIONS")
        return reply(id, 200, {{"Allow", kAllow}, {"Supported", kSupported}, {"Accept", "application/sdp"}}, &call);
    if (request.method() == "REFER")
        return on_refer(id, request, call);
    if (request.method() == "NOTIFY")
        return on_notify(id, request, call);
    on_delivery(id, request, &call);
}

void SipSession::on_invite(TransactionId id, const Received& request)
{
    if (living_calls() >= config_.max_calls)
        return reply(id, 486);
    const std::string target = request.contact_uri();
    if (target.empty()) // section 8.1.1.8
        return reply(id, 400, {{"Warning", warning(config_.domain, "an INVITE needs a Contact")}});
    reply(id, 100); // at once: the peer knows that the INVITE has come through
    const auto replaces = replaced_by(id, request);
    if (!replaces)
        return;
    const auto reading = read_offer(id, request);
    if (!reading)
        return;

    Call call = new_call(next_incoming_, true);
    next_incoming_ += 2;
    call.call_id = request.call_id();
    call.local_uri = request.to_uri();
    call.remote_uri = request.from_uri();
    call.remote_tag = request.from_tag();
    call.remote_target = target;
    call.remote_cseq = request.cseq();
    if (addresses_.carried())
        call.routes = request.record_routes();
    call.invite = id;
    call.invite_branch = request.branch();
    call.invite_cseq = request.cseq();
    call.offer = reading->skeleton;
    const std::uint64_t number = call.number;
    const std::string by = referred_by(call, request);
    calls_.emplace(number, std::move(call));
    listener_.invited(number, write_description(reading->description), request.display_name(), {by, *replaces});
}

/// The offer of an INVITE; nothing if there is none we can use: then the INVITE has been answered.
std::optional<SdpReading> SipSession::read_offer(TransactionId id, const Received& request)
{
    if (request.frame.body().empty()) { // an INVITE that asks us to offer: the boundary has no word for it
        reply(id, 488, {{"Warning", warning(config_.domain, "an INVITE without an offer is not taken")}});
        return std::nullopt;
    }
    if (!request.has_content_type("application/sdp")) {
        reply(id, 415, {{"Accept", "application/sdp"}});
        return std::nullopt;
    }
    try {
        return read_sdp(request.frame.body(), SdpRole::offer, config_.ice);
    } catch (const Failure& failure) {
        reply(id, 488, {{"Warning", warning(config_.domain, failure.what())}});
        return std::nullopt;
    }
}

/// RFC 3261 section 9.2: it names an INVITE by its branch; a final answer that crossed it stands.
void SipSession::on_cancel(TransactionId id, const Received& request)
{
    const std::string_view branch = request.branch();
    const auto named = [&](const auto& entry) {
        const Call& call = entry.second;
        return (call.incoming && call.invite_branch == branch) || call.update_branch == branch;
    };
    const auto found = std::find_if(calls_.begin(), calls_.end(), named);
    if (found == calls_.end())
        return reply(id, 481);
    Call& call = found->second;
    reply(id, 200, {}, &call);
    if (call.update_branch == branch) {
        if (call.update != UpdateState::received)
            return;
        call.update = UpdateState::none; // answer_update will hear that the offer is gone
        reply(call.update_transaction, 487, {}, &call);
        return retry_update(call);
    }
    if (call.state != CallState::proceeding)
        return;
    reply(call.invite, 487, {}, &call);
    const std::uint64_t number = call.number;
    forget(call);
    listener_.cancelled(number, read_reason(request.frame.header("Reason"), JF_REASON_CANCELLED));
}

/// Taken in every state (RFC 3261 section 15.1.2).
void SipSession::on_bye(TransactionId id, const Received& request, Call& call)
{
    reply(id, 200, {}, &call);
    const auto reason = request.frame.header("Reason");
    switch (call.state) {
    case CallState::ending:
        return;                   // both hung up at once; our own BYE is still to be answered
    case CallState::proceeding: { // the caller ends its early dialog
        reply(call.invite, 487, {}, &call);
        const std::uint64_t number = call.number;
        forget(call);
        return listener_.cancelled(number, read_reason(reason, JF_REASON_CANCELLED));
    }
    case CallState::calling: {
        const std::uint64_t number = call.number;
        const bool ours = call.cancelling;
        const bool unheard = call.hung_up;
        forget(call);
        if (unheard)
            return;
        return listener_.refused(number, ours ? JF_REASON_CANCELLED : read_reason(reason, JF_REASON_DECLINED), 0,
                                 "the peer ended the call before it answered");
    }
    default:
        if (call.update == UpdateState::received)
            reply(call.update_transaction, 487, {}, &call);
        if (call.hung_up)
            return forget(call);
        return end(call, read_reason(reason, JF_REASON_NORMAL), reason_text(reason));
    }
}

void SipSession::on_delivery(TransactionId id, const Received& request, Call* call)
{
    const std::string_view type = request.content_type();
    const std::string& body = request.frame.body();
    if (type.empty() && body.empty())
        return reply(id, 200, {}, call); // only asks whether we are there
    if (type.empty())
        return reply(id, 415, {}, call);
    const std::uint64_t number = call != nullptr ? call->number : 0;
    if (call != nullptr && call->hung_up)
        return reply(id, 481, {}, call);
    const Status status = request.method() == "MESSAGE" ? listener_.message(number, type, as_bytes(body))
                                                        : listener_.info(number, type, as_bytes(body));
    const auto found = calls_.find(number); // the listener may have ended the call
    reply(id, status_of_delivery(status), {}, found != calls_.end() ? &found->second : nullptr);
}

} // namespace jackfield::sip
