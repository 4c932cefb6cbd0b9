// A call of ours: INVITE, what comes back, CANCEL (RFC 3261 sections 9.1 and 13.2).
//
// Threads: the control thread.
#include "sip_reason.hpp"
#include "sip_session.hpp"
#include "sip_text.hpp"

#include <algorithm>

namespace jackfield::sip {

void SipSession::invite(std::uint64_t number, std::string_view offer)
{
    invite_referred(number, offer, {});
}

void SipSession::invite_referred(std::uint64_t number, std::string_view offer, const CallReferral& referral)
{
    check_open();
    if (number == 0 || number % 2 != 0 || calls_.contains(number))
        throw Failure(JF_BAD_INPUT, "the number of a new call is even and not in use: " + std::to_string(number));
    if (living_calls() >= config_.max_calls)
        throw Failure(JF_EXHAUSTED, "there are " + std::to_string(config_.max_calls) + " calls with this peer already");
    const MediaDescription description = read_description(offer);
    Call call = new_call(number, false);
    const std::string sdp = write_sdp(description, call.origin, nullptr);
    check_body(sdp.size());
    call.offered_lines = description.media.size();

    OsipMessage request = request_in(call, "INVITE", call.invite_branch);
    call.invite_cseq = call.local_cseq;
    call.invite_target = call.remote_target;
    add_contact(*request, contact());
    add_header(*request, "Allow", kAllow);
    add_header(*request, "Supported", kSupported);
    add_referral(*request, call, referral);
    set_content_type(*request, "application/sdp");
    Call& placed = calls_.emplace(number, std::move(call)).first->second;
    try {
        const auto on_answer = [this, number](const Answer& answer) { on_invite_answer(number, answer); };
        const auto resent = [](Call& again, TransactionId id, const std::string& branch, std::uint32_t cseq) {
            again.invite = id;
            again.invite_branch = branch;
            again.invite_cseq = cseq;
        };
        placed.invite = start_request(number, std::move(request), sdp, on_answer, resent);
    } catch (...) {
        calls_.erase(number);
        throw;
    }
}

void SipSession::on_invite_answer(std::uint64_t number, const Answer& answer)
{
    const auto found = calls_.find(number);
    if (found == calls_.end() || failed_)
        return;
    Call& call = found->second;
    if (answer.provisional())
        return on_provisional(call, *answer.received);
    if (answer.success())
        return on_success(call, *answer.received);

    const bool cancelled = call.cancelling;
    const bool unheard = call.hung_up;
    forget(call);
    if (unheard)
        return;
    if (cancelled)
        return listener_.refused(number, JF_REASON_CANCELLED, static_cast<std::uint32_t>(answer.code), "cancelled");
    if (answer.received == nullptr)
        return listener_.refused(number, JF_REASON_FAILED, 408, "the peer's program did not answer in time");
    std::string text = read_display_name(
        answer.received->message.reason_phrase != nullptr ? answer.received->message.reason_phrase : "");
    const std::string why = reason_text(answer.received->frame.header("Reason"));
    const auto code = static_cast<std::uint32_t>(answer.code);
    listener_.refused(number, reason_of_status(answer.code), code, why.empty() ? text : why);
}

void SipSession::on_provisional(Call& call, const Received& received)
{
    call.provisional = true;
    if (call.cancelling)
        return send_cancel(call);
    if (received.code() == 100)
        return;
    learn_dialog(call, received);
    dialog_is_known(call);
    std::string problem;
    const auto early = read_answer(call, received, problem);
    if (!problem.empty())
        host_.warning("SDP of a provisional answer is not used: " + problem);
    if (early)
        call.early_answer = *early;
    if (early || received.code() == 180)
        listener_.ringing(call.number, early ? *early : std::string());
}

void SipSession::on_success(Call& call, const Received& received)
{
    const std::uint64_t number = call.number;
    const auto code = static_cast<std::uint32_t>(received.code());
    learn_dialog(call, received);
    call.state = CallState::confirmed;
    send_ack(call, call.invite_cseq);
    deadlines_.stop(call.cancel_deadline);
    if (call.cancelling) { // the answer crossed our CANCEL: RFC 3261 section 15
        const bool unheard = call.hung_up;
        send_bye(call, call.cancel_reason);
        if (!unheard)
            listener_.refused(number, JF_REASON_CANCELLED, code, "cancelled after the peer had answered");
        return;
    }
    dialog_is_known(call);
    std::string problem;
    auto answer = read_answer(call, received, problem);
    if (!answer && problem.empty() && !call.early_answer.empty())
        answer = call.early_answer;
    if (!answer) { // RFC 3261 section 13.2.2.4: acknowledged, and ended
        send_bye(call, JF_REASON_NOT_ACCEPTABLE);
        return listener_.refused(number, JF_REASON_NOT_ACCEPTABLE, code,
                                 problem.empty() ? "the peer answered without SDP" : problem);
    }
    listener_.answered(number, *answer);
}

/// The answer in the body, as JSON; nothing if there is none, or if it is not one: then the problem says why.
std::optional<std::string> SipSession::read_answer(const Call& call, const Received& received,
                                                   std::string& problem) const
{
    if (received.frame.body().empty() || !received.has_content_type("application/sdp"))
        return std::nullopt;
    try {
        const SdpReading reading = read_sdp(received.frame.body(), SdpRole::answer, config_.ice);
        if (reading.skeleton.lines.size() != call.offered_lines || reading.skeleton.described() != call.offered_lines)
            throw Failure(JF_BAD_INPUT, "the answer has other media lines than the offer");
        return write_description(reading.description);
    } catch (const Failure& failure) {
        problem = failure.what();
        return std::nullopt;
    }
}

/// RFC 3261 section 12.1.2: the first answer with a tag makes the dialog, 2xx refresh its target.
void SipSession::learn_dialog(Call& call, const Received& received) const
{
    if (call.remote_tag.empty() || call.state == CallState::calling)
        call.remote_tag = received.to_tag();
    const std::string target = received.contact_uri();
    if (!target.empty())
        call.remote_target = target;
    if (addresses_.carried() && call.state == CallState::calling) { // in reverse: section 12.1.2
        call.routes = received.record_routes();
        std::ranges::reverse(call.routes);
    }
}

/// Of a 2xx: a request of its own, outside every transaction (RFC 3261 section 13.2.2.4).
void SipSession::send_ack(const Call& call, std::uint32_t cseq)
{
    OsipMessage ack = make_request("ACK", call.remote_target, from_of(call), to_of(call), call.call_id, cseq);
    add_via(*ack, via_of(addresses_.way(), new_branch()));
    for (const std::string& route : call.routes)
        add_route(*ack, route);
    if (!call.credentials.first.empty()) // those of the INVITE: RFC 3261 section 22.1
        add_header(*ack, call.credentials.first.c_str(), call.credentials.second);
    send_message(write_message(*ack, {}));
}

const Call* SipSession::answered_call(const Received& received) const
{
    const auto found = std::ranges::find_if(calls_, [&](const auto& entry) {
        return entry.second.call_id == received.call_id() && entry.second.remote_tag == received.to_tag();
    });
    return found == calls_.end() ? nullptr : &found->second;
}

/// A 2xx whose transaction is over: the peer has not seen our ACK, or answered a call we have given up, or one that
/// goes on over another link by now.
void SipSession::on_stray_success(const Received& received)
{
    const Call* call = answered_call(received);
    for (const SipSession* other : place_.others()) {
        if (call == nullptr && same_device(*other))
            call = other->answered_call(received);
    }
    if (call != nullptr)
        return send_ack(*call, received.cseq());
    Call gone = new_call(0, false);
    gone.call_id = received.call_id();
    gone.local_tag = received.from_tag();
    gone.local_uri = received.from_uri();
    gone.remote_uri = received.to_uri();
    gone.local_cseq = received.cseq();
    learn_dialog(gone, received);
    send_ack(gone, received.cseq());
    std::string branch;
    transactions_.start(request_in(gone, "BYE", branch), {}, nullptr);
}

void SipSession::cancel(std::uint64_t number, std::uint32_t reason)
{
    Call& call = call_of(number);
    if (call.state != CallState::calling || call.cancelling)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not waiting for an answer");
    call.cancelling = true;
    call.cancel_reason = reason;
    call.cancel_deadline = deadlines_.start(config_.timeouts.request, [this, number] {
        Call& late = calls_.at(number); // forget stops this deadline
        const bool unheard = late.hung_up;
        transactions_.drop(late.invite);
        forget(late);
        if (!unheard)
            listener_.refused(number, JF_REASON_CANCELLED, 0, "cancelled; the peer did not confirm it");
    });
    if (call.provisional)
        send_cancel(call);
}

/// Same URI, same branch, same number, no To tag: it names the INVITE (RFC 3261 section 9.1). Sent once, and only when
/// the peer has shown that it knows the INVITE.
void SipSession::send_cancel(Call& call)
{
    if (std::exchange(call.cancel_sent, true))
        return;
    OsipMessage request = make_request("CANCEL", call.invite_target, from_of(call), "<" + call.remote_uri + ">",
                                       call.call_id, call.invite_cseq);
    add_via(*request, via_of(addresses_.way(), call.invite_branch));
    for (const std::string& route : call.routes)
        add_route(*request, route);
    const std::string reason = write_reason(call.cancel_reason);
    if (!reason.empty())
        add_header(*request, "Reason", reason);           // RFC 3326
    transactions_.start(std::move(request), {}, nullptr); // whatever it is answered: the INVITE's answer counts
}

} // namespace jackfield::sip
