// The calls of a node by their ids. See call_table.hpp.

#include "kernel/capi/call_table.hpp"

#include "kernel/capi/include/jackfield/jackfield.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace jackfield::kernel::capi {

namespace {

std::string shortened(const std::string& id)
{
    return id.substr(0, JACKFIELD_CALL_ID_SIZE);
}

} // namespace

void CallTable::reached(const std::shared_ptr<Call>& call, std::int32_t state)
{
    const std::lock_guard lock(mutex_);
    auto& known = calls_.try_emplace(call->id, Known{call, state, {JF_OK, ""}}).first->second;
    known.state = std::max(known.state, state);
    changed_.notify_all();
}

void CallTable::ended(const std::string& id, const Error& how)
{
    const std::lock_guard lock(mutex_);
    end(calls_[id], id, how);
}

void CallTable::all_ended()
{
    const std::lock_guard lock(mutex_);
    std::vector<std::string> running;
    for (const auto& [id, known] : calls_) {
        if (known.state != JACKFIELD_ENDED)
            running.push_back(id);
    }
    for (const auto& id : running)
        end(calls_[id], id, {JF_CANCELLED, "call " + id + ": the node was stopped"});
}

void CallTable::end(Known& known, const std::string& id, const Error& how)
{
    if (known.state == JACKFIELD_ENDED)
        return;
    // Whoever hangs up while the last steps after an answer are still under way has hung up in order.
    const bool in_order = how.status == JF_CANCELLED && known.state == JACKFIELD_ANSWERED;
    known = {nullptr, JACKFIELD_ENDED, in_order ? Error{JF_OK, ""} : how};
    ended_.push_back(id);
    if (ended_.size() > kMostEnded) {
        calls_.erase(ended_.front());
        ended_.pop_front();
    }
    changed_.notify_all();
}

const CallTable::Known& CallTable::known(const std::string& id) const
{
    const auto found = calls_.find(id);
    if (found == calls_.end())
        throw Failure(JF_NOT_FOUND,
                      fmt::format("call \"{}\": there is none; looked among the {} that run or ended last; an id "
                                  "that jackfield_call_place or an event has said would work",
                                  shortened(id), calls_.size()));
    return found->second;
}

std::shared_ptr<Call> CallTable::running(const std::string& id)
{
    const std::lock_guard lock(mutex_);
    const auto& found = known(id);
    if (found.call == nullptr)
        throw Failure(JF_CLOSED, fmt::format("call {}: it has ended; looked among the calls that run; another call "
                                             "would work",
                                             id));
    return found.call;
}

std::int32_t CallTable::state(const std::string& id)
{
    const std::lock_guard lock(mutex_);
    return known(id).state;
}

void CallTable::wait(const std::string& id, std::int32_t state, std::int32_t timeout_ms)
{
    std::unique_lock lock(mutex_);
    // Found anew each time: it may have been forgotten meanwhile.
    const auto far_enough = [&] {
        const auto& found = known(id);
        return found.state >= state || found.state == JACKFIELD_ENDED;
    };
    if (timeout_ms < 0)
        changed_.wait(lock, far_enough);
    else if (!changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), far_enough))
        throw Failure(JF_TIMEOUT, fmt::format("call {}: not as far after {} ms; it goes on, and to wait again would "
                                              "work",
                                              id, timeout_ms));
    const auto& found = known(id);
    if (found.state != JACKFIELD_ENDED)
        return;
    if (found.how.status != JF_OK)
        throw Failure(found.how);
    if (state != JACKFIELD_ENDED)
        throw Failure(JF_CLOSED, fmt::format("call {}: it has ended, in order; another call would work", id));
}

} // namespace jackfield::kernel::capi
