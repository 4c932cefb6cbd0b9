// What the peer says, in the order of a call. A message about a call that is over has crossed its end and is nothing.
//
// Threads: control. A listener may end the call it is told about: whoever calls one does not touch the call afterwards.
#include "session.hpp"

#include <shared/signaling/media_description.hpp>

namespace jackfield::json_signaling {

void Session::on_message(const Message& message)
{
    if (message.type() == "invite")
        return on_invite(message);
    if (message.type() == "message" || message.type() == "info")
        return on_delivery(message);
    if (message.type() == "ping")
        return send({{"type", "taken"}, {"id", message.number("id")}, {"status", "ok"}});
    if (message.type() == "taken")
        return on_taken(message);
    if (message.type() == "refer")
        return on_refer(message);
    if (Call* const call = find(message.call()))
        return on_call_message(*call, message);
    if (Call* const call = call_of_sibling(message.call()))
        return on_call_message(*call, message);
    if (message.call().empty())
        host_.debug("a message of type \"" + cut_text(message.type(), kMaxIdBytes) + "\" is left out");
}

void Session::on_invite(const Message& message)
{
    const std::string id = message.text("call", kMaxIdBytes);
    if (id.empty() || find(id) != nullptr)
        throw Failure(JF_BAD_INPUT, "the peer invites to a call that there is already");
    std::string offer;
    try {
        offer = message.description("offer");
    } catch (const Failure& failure) {
        host_.info(std::string("an offer cannot be used: ") + failure.what());
        return send({{"type", "refuse"},
                     {"call", id},
                     {"reason", word_of_reason(JF_REASON_NOT_ACCEPTABLE)},
                     {"text", cut_text(failure.what(), kMaxTextBytes)}});
    }
    const std::string name = message.optional_text("name", kMaxNameBytes);
    const std::string by = message.optional_text("referred_by", kMaxTargetBytes);
    const std::string replaces = message.optional_text("replaces", kMaxTargetBytes);
    if (!replaces.empty() && !listener_.hears_replacements())
        return send({{"type", "refuse"}, {"call", id}, {"reason", word_of_reason(JF_REASON_NO_SUCH_CALL)}});
    if (calls_.size() >= options_.max_calls)
        return send({{"type", "refuse"}, {"call", id}, {"reason", word_of_reason(JF_REASON_BUSY)}});
    Call call;
    call.number = next_incoming_;
    call.id = id;
    call.incoming = true;
    call.state = CallState::proceeding;
    call.offered_lines = signaling::read_description(offer).media.size();
    next_incoming_ += 2;
    const std::uint64_t number = call.number;
    calls_.emplace(number, std::move(call));
    send({{"type", "trying"}, {"call", id}}); // before the kernel is asked: somebody is here
    listener_.invited(number, offer, name, {is_target(by) ? by : std::string(), replaces});
}

void Session::on_call_message(Call& call, const Message& message)
{
    const std::string& type = message.type();
    if (type == "trying" && call.state == CallState::calling && !call.cancelling)
        deadlines_.stop(call.deadline); // it may ring as long as it likes
    else if (type == "ringing")
        on_ringing(call, message);
    else if (type == "answer")
        on_answer(call, message);
    else if (type == "refuse")
        on_refuse(call, message);
    else if (type == "confirm" && call.state == CallState::accepted) {
        deadlines_.stop(call.deadline);
        call.state = CallState::running;
        listener_.confirmed(call.number);
    } else if (type == "cancel")
        on_cancel(call, message);
    else if (type == "update")
        on_update(call, message);
    else if (type == "update-answer")
        on_update_answer(call, message);
    else if (type == "referral")
        on_referral(call, message);
    else if (type == "bye")
        on_bye(call, message);
}

void Session::on_ringing(Call& call, const Message& message)
{
    if (call.state != CallState::calling || call.cancelling)
        return;
    deadlines_.stop(call.deadline);
    std::string early;
    try {
        early = message.description("answer", true);
    } catch (const Failure& failure) {
        host_.warning(std::string("an early answer is not used: ") + failure.what());
    }
    listener_.ringing(call.number, early);
}

void Session::on_answer(Call& call, const Message& message)
{
    if (call.state != CallState::calling)
        return;
    if (call.cancelling) { // it crossed our cancel
        send({{"type", "bye"}, {"call", call.id}, {"reason", word_of_reason(call.cancel_reason)}});
        return give_up(call, JF_REASON_CANCELLED, "cancelled after the peer had answered");
    }
    std::string answer;
    std::string problem;
    try {
        answer = message.description("answer");
        if (signaling::read_description(answer).media.size() != call.offered_lines)
            problem = "the answer has other media lines than the offer";
    } catch (const Failure& failure) {
        problem = failure.what();
    }
    if (!problem.empty()) {
        send({{"type", "bye"}, {"call", call.id}, {"reason", word_of_reason(JF_REASON_NOT_ACCEPTABLE)}});
        return give_up(call, JF_REASON_NOT_ACCEPTABLE, problem);
    }
    deadlines_.stop(call.deadline);
    call.state = CallState::running;
    send({{"type", "confirm"}, {"call", call.id}});
    listener_.answered(call.number, answer);
}

void Session::on_refuse(Call& call, const Message& message)
{
    if (call.state != CallState::calling)
        return;
    const std::uint32_t reason = call.cancelling ? static_cast<std::uint32_t>(JF_REASON_CANCELLED) : message.reason();
    // Whoever refuses without a reason has refused.
    give_up(call, reason == JF_REASON_NORMAL ? static_cast<std::uint32_t>(JF_REASON_DECLINED) : reason,
            message.optional_text("text", kMaxTextBytes));
}

/// One that comes after our answer has crossed it: a bye follows.
void Session::on_cancel(Call& call, const Message& message)
{
    if (call.state != CallState::proceeding)
        return;
    const std::uint64_t number = call.number;
    const std::uint32_t reason = message.reason();
    send({{"type", "refuse"}, {"call", call.id}, {"reason", word_of_reason(JF_REASON_CANCELLED)}});
    forget(call);
    listener_.cancelled(number, reason == JF_REASON_NORMAL ? static_cast<std::uint32_t>(JF_REASON_CANCELLED) : reason);
}

void Session::on_bye(Call& call, const Message& message)
{
    if (call.state == CallState::calling)
        return give_up(call, JF_REASON_DECLINED, "the peer ended the call before it answered");
    const std::uint64_t number = call.number;
    const bool undecided = call.state == CallState::proceeding;
    const std::uint32_t reason = message.reason();
    const std::string text = message.optional_text("text", kMaxTextBytes);
    forget(call);
    if (undecided)
        listener_.cancelled(number, JF_REASON_CANCELLED);
    else
        listener_.ended(number, reason, text);
}

void Session::on_delivery(const Message& message)
{
    const std::uint64_t id = message.number("id");
    const std::string type = message.text("content_type", kMaxContentTypeBytes);
    const Bytes body = message.body();
    std::uint64_t number = 0;
    if (const std::string call_id = message.call(); !call_id.empty()) {
        const Call* call = find(call_id);
        if (call == nullptr)
            call = call_of_sibling(call_id);
        if (call == nullptr || call->unheard)
            return send({{"type", "taken"}, {"id", id}, {"status", "no-call"}});
        number = call->number;
    }
    const Status status =
        message.type() == "message" ? listener_.message(number, type, body) : listener_.info(number, type, body);
    send({{"type", "taken"},
          {"id", id},
          {"status", status == JF_OK            ? "ok"
                     : status == JF_UNSUPPORTED ? "unsupported"
                                                : "refused"}});
}

void Session::on_taken(const Message& message)
{
    const std::string status = message.text("status", kMaxIdBytes);
    if (status == "ok")
        end_delivery(message.number("id"), JF_OK, {});
    else
        end_delivery(message.number("id"), status == "busy" ? JF_BUSY : JF_REFUSED,
                     "the peer answered \"" + status + "\"");
}

} // namespace jackfield::json_signaling
