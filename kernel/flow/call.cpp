// One call. See call.hpp.

#include "kernel/flow/call.hpp"

#include "kernel/flow/leg.hpp"
#include "kernel/flow/random_id.hpp"
#include "kernel/flow/step_failure.hpp"

#include <fmt/format.h>

namespace jackfield::kernel {

Call::Call(Timeline& timeline, Side call_side, std::string peer, MediaPlan media_plan,
           std::shared_ptr<CallListener> events)
    : id(random_id()),
      side(call_side),
      peer_account(std::move(peer)),
      plan(std::move(media_plan)),
      listener(std::move(events)),
      timeline_(timeline)
{}

void Call::hang_up(std::uint32_t reason)
{
    if (!hung_up_)
        hung_up_ = reason;
    bell.ring();
}

void Call::answer()
{
    answered_here_ = !refused_ && !hung_up_;
    bell.ring();
}

void Call::refuse(std::uint32_t reason)
{
    if (!answered_here_ && !refused_)
        refused_ = reason;
    bell.ring();
}

void Call::change(MediaChange change)
{
    if (changes.size() < kMostChanges)
        changes.push_back(std::move(change));
    bell.ring();
}

void Call::mute(bool muted)
{
    mute_wanted = muted;
    bell.ring();
}

void Call::send_digits(const std::string& keys)
{
    for (const char key : keys) {
        if (event_of(key) && digits.size() < kMostDigits)
            digits.push_back(key);
    }
    bell.ring();
}

void Call::rotate(std::uint32_t degrees)
{
    rotation_wanted = degrees % 360 / 90 * 90;
    bell.ring();
}

void Call::transfer(TransferWish wish)
{
    transfer_wanted = std::move(wish);
    bell.ring();
}

std::string Call::dialog_name() const
{
    const auto talks = leg.lock();
    if (!talks || talks->signaled->over() || hung_up_)
        throw Failure(JF_NOT_FOUND, "that call is over, or was not answered yet");
    return talks->signaled->dialog_name();
}

jf_status Call::matches(const std::string& dialog_name) const
{
    const auto talks = leg.lock();
    return talks && !hung_up_ ? talks->signaled->matches(dialog_name) : JF_NOT_FOUND;
}

void Call::tell_ringing()
{
    if (follows)
        follows->rings();
    listener->ringing(*this);
}

void Call::tell_answered()
{
    if (follows)
        follows->answered();
    listener->answered(*this);
}

void Call::tell_ended(const CallEnd& end)
{
    if (follows)
        follows->ended(end);
    listener->ended(*this, end);
}

void Call::tell(Step step, Moment moment, std::string detail_json, std::int64_t t_ns)
{
    timeline_.tell({t_ns, id, side, step, moment, std::move(detail_json)});
}

void Call::tell_progress(Step step, std::string_view what, std::int64_t t_ns)
{
    tell(step, Moment::progress, fmt::format(R"({{"what":"{}"}})", what), t_ns);
}

void Call::check_hung_up(Step step) const
{
    if (hung_up_)
        throw StepFailure(step, JF_CANCELLED, "hung up here");
}

} // namespace jackfield::kernel
