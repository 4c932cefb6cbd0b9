// A running call goes on over another stream to the same device. Either end may say the next word in it over a newer
// one; the call has the same name there.
//
// Threads: control.
#include "session.hpp"

#include <algorithm>

namespace jackfield::json_signaling {

/// Whoever was proven on one link may speak in its own calls of another, and in nobody else's.
bool Session::same_device(const Session& other) const
{
    return us_.remote.device_id == other.us_.remote.device_id && us_.remote.account_id == other.us_.remote.account_id;
}

bool Session::may_move(const Call& call) const
{
    return listener_.hears_moves() && call.state == CallState::running && !call.unheard;
}

/// What was open in the call comes to nothing: its answers would come over the stream that it leaves.
void Session::quiet(Call& call)
{
    deadlines_.stop(call.deadline);
    deadlines_.stop(call.update_deadline);
    deadlines_.stop(call.asking_deadline);
    if (std::exchange(call.asks, false))
        end_delivery(call.asking, JF_CLOSED, "the call goes on over another link");
    call.deadline = call.update_deadline = call.asking_deadline = 0;
    call.update = UpdateState::none;
    call.update_stands_back = false;
    call.wanted = false;
}

/// Those calls that may go on elsewhere; the others are over with the stream.
void Session::strand_calls()
{
    std::erase_if(calls_, [this](const auto& entry) { return !may_move(entry.second); });
    for (auto& [number, call] : calls_) {
        quiet(call);
        listener_.stranded(number);
    }
}

void Session::take_over(std::uint64_t number, SignalingSession& from, std::uint64_t from_number)
{
    check_open();
    auto& other = static_cast<Session&>(from);
    if (number == 0 || number % 2 != 0 || calls_.contains(number) || &other == this)
        throw Failure(JF_BAD_INPUT, "a call is taken over from another session, with an even number not in use");
    if (!same_device(other))
        throw Failure(JF_REFUSED, "a call moves between links to one device only");
    const auto found = other.calls_.find(from_number);
    if (found == other.calls_.end() || !other.may_move(found->second))
        throw Failure(JF_NOT_FOUND, "there is no call " + std::to_string(from_number) + " that runs");
    if (calls_.size() >= options_.max_calls)
        throw Failure(JF_EXHAUSTED, "there are " + std::to_string(options_.max_calls) + " calls on this link already");
    move_here(other, found->second, number);
}

/// One that the peer goes on with here; null if there is none.
Call* Session::call_of_sibling(const std::string& id)
{
    if (id.empty() || !listener_.hears_moves() || calls_.size() >= options_.max_calls)
        return nullptr;
    for (Session* other : place_.others()) {
        Call* const call = same_device(*other) ? other->find(id) : nullptr;
        if (call == nullptr || !other->may_move(*call))
            continue;
        const std::uint64_t before = call->number;
        Call& here = move_here(*other, *call, std::exchange(next_incoming_, next_incoming_ + 2));
        listener_.taken_over(here.number, other->listener_, before);
        return &here;
    }
    return nullptr;
}

Call& Session::move_here(Session& other, Call& call, std::uint64_t number)
{
    other.quiet(call);
    auto node = other.calls_.extract(call.number);
    node.key() = number;
    node.mapped().number = number;
    return calls_.insert(std::move(node)).position->second;
}

} // namespace jackfield::json_signaling
