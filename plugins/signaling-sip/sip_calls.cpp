// What the kernel does with a call that came in, and what both directions share: ACK, BYE, the end.
//
// Threads: the control thread.
#include "sip_reason.hpp"
#include "sip_session.hpp"

#include <algorithm>

namespace jackfield::sip {
namespace {

[[noreturn]] void wrong_state(const Call& call, const char* what)
{
    throw Failure(JF_BAD_INPUT, "call " + std::to_string(call.number) + " " + what);
}

void must_be_undecided(const Call& call)
{
    if (call.state != CallState::proceeding)
        wrong_state(call, "does not wait for our answer");
}

} // namespace

void SipSession::ring(std::uint64_t number, std::string_view answer)
{
    Call& call = call_of(number);
    must_be_undecided(call);
    if (!answer.empty() && answer != call.ring_json) {
        const std::string sdp = write_sdp(read_description(answer), call.origin, &call.offer);
        check_body(sdp.size());
        call.ring_sdp = sdp;
        call.ring_json = answer;
        ++call.origin.version;
    }
    reply(call.invite, 180, {{"Allow", kAllow}, {"Supported", kSupported}}, &call,
          answer.empty() ? std::string() : call.ring_sdp);
    dialog_is_known(call);
}

void SipSession::answer(std::uint64_t number, std::string_view answer)
{
    Call& call = call_of(number);
    must_be_undecided(call);
    std::string sdp = call.ring_sdp; // the same words if it is the same answer: RFC 3261 section 13.2.1
    if (sdp.empty() || answer != call.ring_json) {
        sdp = write_sdp(read_description(answer), call.origin, &call.offer);
        check_body(sdp.size());
        ++call.origin.version;
    }
    reply(call.invite, 200, {{"Allow", kAllow}, {"Supported", kSupported}}, &call, sdp);
    call.state = CallState::accepted;
    expect_ack(call);
    dialog_is_known(call);
}

void SipSession::refuse(std::uint64_t number, std::uint32_t reason)
{
    Call& call = call_of(number);
    must_be_undecided(call);
    const auto code = status_of_reason(reason);
    if (!code)
        throw Failure(JF_BAD_INPUT, "a call is refused as declined, busy, no answer, not acceptable, failed or as one "
                                    "that replaces none");
    reply(call.invite, *code, {}, &call);
    forget(call);
}

/// A peer that never says ACK is not in the call. A reliable path repeats nothing, so neither is the 200 repeated
/// there. In a call that runs there is time for a link that stands still (timer H): if it is dead the kernel finds out,
/// and the call goes on over another.
void SipSession::expect_ack(Call& call)
{
    const std::uint64_t number = call.number;
    const auto patience = call.state == CallState::confirmed ? std::max<Nanoseconds>(transactions_.patience(), 64 * kT1)
                                                             : transactions_.patience();
    deadlines_.stop(call.ack_deadline);
    call.ack_deadline = deadlines_.start(patience, [this, number] { on_missing_ack(number); });
    if (!reliable_)
        repeat_answer(number, kT1);
}

/// RFC 3261 section 13.3.1.4: until the ACK is there or its time is up, each time after twice as long.
void SipSession::repeat_answer(std::uint64_t number, Nanoseconds after)
{
    Call& call = calls_.at(number);
    deadlines_.stop(call.repeat_timer);
    call.repeat_timer = deadlines_.start(after, [this, number, after] {
        Call& waiting = calls_.at(number); // forget stops this timer
        waiting.repeat_timer = 0;
        if (waiting.ack_deadline == 0)
            return;
        send_message(waiting.unacknowledged);
        repeat_answer(number, std::min<Nanoseconds>(2 * after, kT2));
    });
}

/// An INVITE that came again after our 200, whose transaction is over by then: the 200 goes out again by itself (RFC
/// 6026 section 7.1). True if it was that; then nothing is left to do.
bool SipSession::is_repeated(TransactionId id, const Received& request, const Call& call)
{
    const bool same = request.branch() ==
                      (call.incoming && request.cseq() == call.invite_cseq ? call.invite_branch : call.update_branch);
    if (reliable_ || request.method() != "INVITE" || !same)
        return false;
    transactions_.drop(id);
    return true;
}

void SipSession::on_ack(const Received& ack)
{
    Call* call = failed_ ? nullptr : find_dialog(ack);
    if (call == nullptr)
        return; // nothing may be answered to an ACK
    if (call->state == CallState::accepted && ack.cseq() == call->invite_cseq) {
        deadlines_.stop(call->ack_deadline);
        deadlines_.stop(call->repeat_timer);
        call->state = CallState::confirmed;
        if (call->hung_up)
            return send_bye(*call, call->bye_reason);
        return listener_.confirmed(call->number);
    }
    if (call->update == UpdateState::answered && ack.cseq() == call->update_cseq) {
        deadlines_.stop(call->ack_deadline);
        deadlines_.stop(call->repeat_timer);
        call->update = UpdateState::none;
        retry_update(*call);
    }
}

/// RFC 3261 section 13.3.1.4: without an ACK the dialog is confirmed, and ended.
void SipSession::on_missing_ack(std::uint64_t number)
{
    Call& call = calls_.at(number); // forget stops this deadline
    call.ack_deadline = 0;
    const bool known = !call.hung_up;
    send_bye(call, known ? static_cast<std::uint32_t>(JF_REASON_FAILED) : call.bye_reason);
    if (known && !failed_)
        listener_.ended(number, JF_REASON_FAILED, "the peer did not acknowledge our answer");
}

void SipSession::bye(std::uint64_t number, std::uint32_t reason)
{
    Call& call = call_of(number);
    switch (call.state) {
    case CallState::proceeding: { // hung up before it was taken
        reply(call.invite, status_of_reason(reason).value_or(603), {}, &call);
        return forget(call);
    }
    case CallState::calling: // given up before it was answered, without another word to the kernel
        if (!call.cancelling)
            cancel(number, reason);
        call.hung_up = true;
        return;
    case CallState::accepted: // not before the ACK: RFC 3261 section 15
        call.hung_up = true;
        call.bye_reason = reason;
        return;
    default:
        return send_bye(call, reason);
    }
}

/// From here on the kernel knows the call no more; it is kept until the BYE is answered.
void SipSession::send_bye(Call& call, std::uint32_t reason)
{
    const std::uint64_t number = call.number;
    if (call.update == UpdateState::received)
        reply(call.update_transaction, 487, {}, &call);
    deadlines_.stop(call.cancel_deadline);
    deadlines_.stop(call.ack_deadline);
    deadlines_.stop(call.repeat_timer);
    deadlines_.stop(call.retry_timer);
    transactions_.ignore(call.invite);
    transactions_.ignore(call.update_transaction);
    end_referrals(call);
    call.state = CallState::ending;
    call.hung_up = true;
    call.retry_wanted = call.retry_outdated = false;

    std::string branch;
    OsipMessage request = request_in(call, "BYE", branch);
    const std::string header = write_reason(reason);
    if (!header.empty())
        add_header(*request, "Reason", header);
    start_request(number, std::move(request), {}, [this, number](const Answer& answer) {
        const auto found = calls_.find(number);
        if (!answer.provisional() && found != calls_.end())
            forget(found->second);
    });
}

void SipSession::end(Call& call, std::uint32_t reason, const std::string& text)
{
    const std::uint64_t number = call.number;
    forget(call);
    listener_.ended(number, reason, text);
}

} // namespace jackfield::sip
