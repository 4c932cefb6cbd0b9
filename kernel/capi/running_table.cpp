// The calls and files of a node by their ids. See running_table.hpp.

#include "kernel/capi/running_table.hpp"

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

std::uint64_t bytes_of(const std::shared_ptr<FileTransfer>& file)
{
    return file == nullptr ? 0 : file->transferred();
}

std::uint64_t bytes_of(const std::shared_ptr<Call>&)
{
    return 0;
}

template <typename Running>
constexpr bool kIsCall = std::is_same_v<Running, Call>;

template <typename Running>
constexpr const char* kWord = kIsCall<Running> ? "call" : "file";

} // namespace

template <typename Running>
void RunningTable<Running>::reached(const std::shared_ptr<Running>& one, std::int32_t state)
{
    const std::lock_guard lock(mutex_);
    auto& known = all_.try_emplace(one->id, Known{one, state}).first->second;
    known.state = std::max(known.state, state);
    changed_.notify_all();
}

template <typename Running>
void RunningTable<Running>::ended(const std::string& id, const Error& how, const std::string& last)
{
    const std::lock_guard lock(mutex_);
    end(all_[id], id, how, last);
}

template <typename Running>
void RunningTable<Running>::all_ended()
{
    const std::lock_guard lock(mutex_);
    std::vector<std::string> running;
    for (const auto& [id, known] : all_) {
        if (known.state != JACKFIELD_ENDED)
            running.push_back(id);
    }
    for (const auto& id : running)
        end(all_[id], id, {JF_CANCELLED, fmt::format("{} {}: the node was stopped", kWord<Running>, id)}, "");
}

template <typename Running>
void RunningTable<Running>::end(Known& known, const std::string& id, const Error& how, const std::string& last)
{
    if (known.state == JACKFIELD_ENDED)
        return;
    // Whoever hangs up while the last steps after an answer are still under way has hung up in order.
    const bool in_order = kIsCall<Running> && how.status == JF_CANCELLED && known.state == JACKFIELD_ANSWERED;
    const std::uint64_t bytes = bytes_of(known.one);
    known = {nullptr, JACKFIELD_ENDED, in_order ? Error{JF_OK, ""} : how, last, bytes};
    ended_.push_back(id);
    if (ended_.size() > kMostEnded) {
        all_.erase(ended_.front());
        ended_.pop_front();
    }
    changed_.notify_all();
}

template <typename Running>
auto RunningTable<Running>::known(const std::string& id) const -> const Known&
{
    const auto found = all_.find(id);
    if (found == all_.end())
        throw Failure(JF_NOT_FOUND,
                      fmt::format("{} \"{}\": there is none; looked among the {} that run or ended last; an id that a "
                                  "function or an event has said would work",
                                  kWord<Running>, shortened(id), all_.size()));
    return found->second;
}

template <typename Running>
std::shared_ptr<Running> RunningTable<Running>::running(const std::string& id)
{
    const std::lock_guard lock(mutex_);
    const auto& found = known(id);
    if (found.one == nullptr)
        throw Failure(JF_CLOSED, fmt::format("{0} {1}: it has ended; looked among the {0}s that run; another {0} would "
                                             "work",
                                             kWord<Running>, id));
    return found.one;
}

template <typename Running>
std::int32_t RunningTable<Running>::state(const std::string& id)
{
    const std::lock_guard lock(mutex_);
    return known(id).state;
}

template <typename Running>
std::string RunningTable<Running>::last(const std::string& id)
{
    const std::lock_guard lock(mutex_);
    return known(id).last;
}

template <typename Running>
std::uint64_t RunningTable<Running>::bytes(const std::string& id)
    requires std::is_same_v<Running, FileTransfer>
{
    const std::lock_guard lock(mutex_);
    const auto& found = known(id);
    return found.one == nullptr ? found.bytes : bytes_of(found.one);
}

template <typename Running>
void RunningTable<Running>::wait(const std::string& id, std::int32_t state, std::int32_t timeout_ms)
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
        throw Failure(JF_TIMEOUT, fmt::format("{} {}: not as far after {} ms; it goes on, and to wait again would work",
                                              kWord<Running>, id, timeout_ms));
    const auto& found = known(id);
    if (found.state != JACKFIELD_ENDED)
        return;
    if (found.how.status != JF_OK)
        throw Failure(found.how);
    if (state != JACKFIELD_ENDED)
        throw Failure(JF_CLOSED,
                      fmt::format("{0} {1}: it has ended, in order; another {0} would work", kWord<Running>, id));
}

template class RunningTable<Call>;
template class RunningTable<FileTransfer>;

} // namespace jackfield::kernel::capi
