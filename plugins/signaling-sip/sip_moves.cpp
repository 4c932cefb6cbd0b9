// A running call goes on over another stream to the same device: a dialog is bound to no connection (RFC 3261 section
// 12). Either end may say the next word in it over a newer one.
//
// Threads: the control thread.
#include "sip_session.hpp"

#include <algorithm>

namespace jackfield::sip {

/// Whoever was proven on one link may speak in its own calls of another, and in nobody else's.
bool SipSession::same_device(const SipSession& other) const
{
    return !addresses_.carried() && !other.addresses_.carried() &&
           options_.remote.device_id == other.options_.remote.device_id &&
           options_.remote.account_id == other.options_.remote.account_id;
}

bool SipSession::may_move(const Call& call) const
{
    return listener_.hears_moves() && !addresses_.carried() && call.state == CallState::confirmed && !call.hung_up;
}

/// What was open in the call comes to nothing: its answers would come over the stream that it leaves. The peer hears
/// that it is to offer again, should it not hear of the move first; and what it answers is acknowledged, since it could
/// not offer anything before.
void SipSession::quiet(Call& call)
{
    if (call.update == UpdateState::received)
        reply(call.update_transaction, 491, {}, &call);
    deadlines_.stop(call.ack_deadline);
    deadlines_.stop(call.repeat_timer);
    deadlines_.stop(call.retry_timer);
    transactions_.ignore(call.invite);
    transactions_.ignore(call.update_transaction, [this](const Answer& answer) {
        if (answer.success() && !failed_)
            on_stray_success(*answer.received);
    });
    end_referrals(call);
    call.ack_deadline = call.repeat_timer = call.retry_timer = 0;
    call.invite = call.update_transaction = 0;
    call.update = UpdateState::none;
    call.retry_wanted = call.retry_outdated = false;
}

/// Those calls that may go on elsewhere; the others are over with the stream.
void SipSession::strand_calls()
{
    std::erase_if(calls_, [this](const auto& entry) { return !may_move(entry.second); });
    for (auto& [number, call] : calls_) {
        quiet(call);
        listener_.stranded(number);
    }
}

void SipSession::take_over(std::uint64_t number, SignalingSession& from, std::uint64_t from_number)
{
    check_open();
    auto& other = static_cast<SipSession&>(from);
    if (number == 0 || number % 2 != 0 || calls_.contains(number) || &other == this)
        throw Failure(JF_BAD_INPUT, "a call is taken over from another session, with an even number not in use");
    if (addresses_.carried())
        throw Failure(JF_UNSUPPORTED, "a call that a service carries stays where it is");
    if (!same_device(other))
        throw Failure(JF_REFUSED, "a call moves between links to one device only");
    const auto found = other.calls_.find(from_number);
    if (found == other.calls_.end() || !other.may_move(found->second))
        throw Failure(JF_NOT_FOUND, "there is no call " + std::to_string(from_number) + " that runs");
    if (living_calls() >= config_.max_calls)
        throw Failure(JF_EXHAUSTED, "there are " + std::to_string(config_.max_calls) + " calls on this link already");
    move_here(other, found->second, number);
}

/// The dialog of a request that no call of this session has: one that the peer goes on with here. Null if there is
/// none. A request older than what the peer has said since elsewhere has only been slow, and moves nothing.
Call* SipSession::dialog_of_sibling(const Received& request)
{
    if (!listener_.hears_moves() || living_calls() >= config_.max_calls)
        return nullptr;
    for (SipSession* other : place_.others()) {
        Call* const call = same_device(*other) ? other->find_dialog(request) : nullptr;
        if (call == nullptr || !other->may_move(*call) || request.cseq() <= call->remote_cseq)
            continue;
        const std::uint64_t before = call->number;
        Call& here = move_here(*other, *call, std::exchange(next_incoming_, next_incoming_ + 2));
        listener_.taken_over(here.number, other->listener_, before);
        return &here;
    }
    return nullptr;
}

Call& SipSession::move_here(SipSession& other, Call& call, std::uint64_t number)
{
    other.quiet(call);
    auto node = other.calls_.extract(call.number);
    node.key() = number;
    node.mapped().number = number;
    return calls_.insert(std::move(node)).position->second;
}

} // namespace jackfield::sip
