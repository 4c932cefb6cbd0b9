// New media in a running call: re-INVITE in both directions (RFC 3261 section 14).
//
// Threads: the control thread.
#include "sip_reason.hpp"
#include "sip_session.hpp"

namespace jackfield::sip {
namespace {

constexpr int kMaxUpdateTries = 4;

} // namespace

void SipSession::update(std::uint64_t number, std::string_view offer)
{
    Call& call = call_of(number);
    if (call.state == CallState::accepted || call.update != UpdateState::none || call.retry_wanted)
        throw Failure(JF_BUSY, "an offer is open in call " + std::to_string(number));
    if (call.state != CallState::confirmed)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not running yet");
    const MediaDescription description = read_description(offer);
    SdpOrigin origin = call.origin;
    ++origin.version;
    call.update_sdp = write_sdp(description, origin, nullptr);
    check_body(call.update_sdp.size());
    call.origin = origin;
    call.offered_lines = description.media.size();
    call.update_tries = 0;
    send_update(call);
}

void SipSession::send_update(Call& call)
{
    const std::uint64_t number = call.number;
    std::string branch;
    OsipMessage request = request_in(call, "INVITE", branch);
    add_contact(*request, contact());
    add_header(*request, "Allow", kAllow);
    set_content_type(*request, "application/sdp");
    call.update_cseq = call.local_cseq;
    ++call.update_tries;
    const auto on_answer = [this, number](const Answer& answer) { on_update_answer(number, answer); };
    const auto resent = [](Call& again, TransactionId id, const std::string&, std::uint32_t cseq) {
        again.update_transaction = id;
        again.update_cseq = cseq;
    };
    call.update_transaction = start_request(number, std::move(request), call.update_sdp, on_answer, resent);
    call.update = UpdateState::sent;
    call.retry_wanted = call.retry_outdated = false;
}

void SipSession::on_update_answer(std::uint64_t number, const Answer& answer)
{
    const auto found = calls_.find(number);
    if (answer.provisional() || found == calls_.end() || failed_)
        return;
    Call& call = found->second;
    call.update = UpdateState::none;
    if (answer.success()) {
        learn_dialog(call, *answer.received);
        send_ack(call, call.update_cseq);
        std::string problem;
        if (const auto media = read_answer(call, *answer.received, problem))
            return listener_.update_answered(number, *media);
        send_bye(call, JF_REASON_NOT_ACCEPTABLE); // RFC 3261 section 14.1
        return listener_.ended(number, JF_REASON_NOT_ACCEPTABLE,
                               problem.empty() ? "the peer answered an update without SDP" : problem);
    }
    if (answer.code == 481 || answer.code == 408) { // the peer knows this call no more: section 12.2.1.2
        send_bye(call, JF_REASON_FAILED);
        return listener_.ended(number, JF_REASON_FAILED, "the peer does not know this call any more");
    }
    if (answer.code == 491)
        return on_update_conflict(call);
    listener_.update_answered(number, {});
}

/// Both offered at once. Who named the call waits longer, so that they do not meet again (RFC 3261 section 14.1).
void SipSession::on_update_conflict(Call& call)
{
    const std::uint64_t number = call.number;
    if (call.update_tries >= kMaxUpdateTries)
        return listener_.update_answered(number, {});
    const std::uint64_t steps = host_.random_number() % (call.incoming ? 201 : 191);
    const std::chrono::milliseconds wait((call.incoming ? 0 : 2100) + 10 * static_cast<std::int64_t>(steps));
    call.retry_wanted = true;
    call.retry_timer = deadlines_.start(wait, [this, number] {
        Call& waiting = calls_.at(number); // forget stops this timer
        waiting.retry_timer = 0;
        retry_update(waiting);
    });
}

/// Called whenever one of its conditions has come true, and never where an outdated offer waits from inside a verb.
void SipSession::retry_update(Call& call)
{
    if (!call.retry_wanted || call.retry_timer != 0 || call.update != UpdateState::none)
        return;
    if (!call.retry_outdated)
        return send_update(call);
    call.retry_wanted = call.retry_outdated = false;
    listener_.update_answered(call.number, {}); // the kernel makes another for what the call is now
}

void SipSession::on_reinvite(TransactionId id, const Received& request, Call& call)
{
    if (call.update == UpdateState::sent || (call.state == CallState::calling))
        return reply(id, 491, {}, &call); // section 14.2: our own offer is open
    if (call.state != CallState::confirmed || call.update == UpdateState::received ||
        call.update == UpdateState::answered)
        return reply(id, 500, {{"Retry-After", std::to_string(host_.random_number() % 11)}}, &call);
    reply(id, 100);
    const auto reading = read_offer(id, request);
    if (!reading)
        return;
    const std::string target = request.contact_uri();
    if (!target.empty())
        call.remote_target = target;
    call.offer = reading->skeleton;
    call.update = UpdateState::received;
    call.update_transaction = id;
    call.update_branch = request.branch();
    call.update_cseq = request.cseq();
    listener_.updated(call.number, write_description(reading->description));
}

void SipSession::answer_update(std::uint64_t number, std::string_view answer)
{
    Call& call = call_of(number);
    if (call.update != UpdateState::received)
        throw Failure(JF_CANCELLED, "call " + std::to_string(number) + " has no offer of the peer to answer");
    if (answer.empty()) {
        call.update = UpdateState::none;
        reply(call.update_transaction, 488, {}, &call);
        return retry_update(call);
    }
    SdpOrigin origin = call.origin;
    ++origin.version;
    const std::string sdp = write_sdp(read_description(answer), origin, &call.offer);
    check_body(sdp.size());
    call.origin = origin;
    call.update = UpdateState::answered;
    call.retry_outdated = call.retry_wanted;
    deadlines_.stop(call.retry_timer); // whose turn it is has been settled
    call.retry_timer = 0;
    reply(call.update_transaction, 200, {{"Allow", kAllow}}, &call, sdp);
    expect_ack(call);
}

} // namespace jackfield::sip
