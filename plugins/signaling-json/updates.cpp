// New media in a running call. If both begin at once, the side that placed the call goes first: the other's offer
// stands back. Both ends know that without a further word. If the first is refused, the other goes out again; if it is
// accepted, the other was made for what the call is no more, and the kernel makes another.
//
// Threads: control.
#include "session.hpp"

#include <shared/signaling/media_description.hpp>

namespace jackfield::json_signaling {

void Session::update(std::uint64_t number, std::string_view offer)
{
    Call& call = call_of(number);
    if (call.state == CallState::accepted || call.update != UpdateState::none || call.update_stands_back)
        throw Failure(JF_BUSY, "an offer is open in call " + std::to_string(number));
    if (call.state != CallState::running)
        throw Failure(JF_BAD_INPUT, "call " + std::to_string(number) + " is not running yet");
    const OwnDescription description(offer);
    call.update_offer = description.json.dump();
    call.update_lines = description.lines;
    send_update(call);
}

void Session::send_update(Call& call)
{
    send({{"type", "update"}, {"call", call.id}, {"offer", Json::parse(call.update_offer)}});
    call.update = UpdateState::sent;
    call.update_stands_back = false;
    call.update_deadline = deadlines_.start(options_.invite_timeout, [this, number = call.number] {
        Call& late = calls_.at(number); // forget stops this deadline
        send({{"type", "bye"}, {"call", late.id}, {"reason", word_of_reason(JF_REASON_FAILED)}});
        forget(late);
        listener_.ended(number, JF_REASON_FAILED, "the peer's program did not answer an update in time");
    });
}

void Session::on_update(Call& call, const Message& message)
{
    if (call.state != CallState::running)
        return;
    if (call.update == UpdateState::received)
        throw Failure(JF_BAD_INPUT, "the peer made a second offer before the first was answered");
    if (call.update == UpdateState::sent) {
        if (!call.incoming)
            return; // ours goes first; the peer knows, and will offer again
        deadlines_.stop(call.update_deadline);
        call.update_stands_back = true;
    }
    const std::uint64_t number = call.number;
    std::string offer;
    try {
        offer = message.description("offer");
    } catch (const Failure& failure) {
        host_.info(std::string("an offer cannot be used: ") + failure.what());
        send({{"type", "update-answer"}, {"call", call.id}, {"answer", nullptr}});
        call.update = UpdateState::none;
        return settle_update(call, false);
    }
    call.offered_lines = signaling::read_description(offer).media.size();
    call.update = UpdateState::received;
    listener_.updated(number, offer);
}

void Session::answer_update(std::uint64_t number, std::string_view answer)
{
    Call& call = call_of(number);
    if (call.update != UpdateState::received)
        throw Failure(JF_BAD_INPUT, "no offer of the peer is open in call " + std::to_string(number));
    Json message{{"type", "update-answer"}, {"call", call.id}, {"answer", nullptr}};
    if (!answer.empty()) {
        const OwnDescription description(answer);
        if (description.lines != call.offered_lines)
            throw Failure(JF_BAD_INPUT, "the answer has other media lines than the offer");
        message["answer"] = description.json;
    }
    send(message);
    call.update = UpdateState::none;
    settle_update(call, !answer.empty());
}

/// Nothing is open: what stood back has its turn, if the call is still what it was made for.
void Session::settle_update(Call& call, bool changed)
{
    if (!call.update_stands_back)
        return;
    if (!changed)
        return send_update(call);
    deadlines_.stop(call.update_deadline);
    call.update_deadline = deadlines_.start(Nanoseconds(0), [this, number = call.number] {
        Call& waiting = calls_.at(number); // forget stops this deadline
        waiting.update_deadline = 0;
        waiting.update_stands_back = false;
        listener_.update_answered(number, {});
    });
}

void Session::on_update_answer(Call& call, const Message& message)
{
    if (call.update != UpdateState::sent)
        return;
    deadlines_.stop(call.update_deadline);
    call.update = UpdateState::none;
    const std::uint64_t number = call.number;
    std::string problem;
    std::string answer;
    try {
        answer = message.description("answer", true);
        if (!answer.empty() && signaling::read_description(answer).media.size() != call.update_lines)
            problem = "the answer has other media lines than the offer";
    } catch (const Failure& failure) {
        problem = failure.what();
    }
    if (problem.empty())
        return listener_.update_answered(number, answer);
    send({{"type", "bye"}, {"call", call.id}, {"reason", word_of_reason(JF_REASON_NOT_ACCEPTABLE)}});
    forget(call);
    listener_.ended(number, JF_REASON_NOT_ACCEPTABLE, problem);
}

} // namespace jackfield::json_signaling
