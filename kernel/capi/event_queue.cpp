// Events on their way to a program in another language. See event_queue.hpp.

#include "kernel/capi/event_queue.hpp"

#include "kernel/executor/instance_host.hpp"
#include "kernel/timeline/timeline.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

namespace jackfield::kernel::capi {

EventQueue::EventQueue(std::size_t most) : most_(most), descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
{
    if (descriptor_ < 0)
        throw Failure(JF_EXHAUSTED, "event queue: no file descriptor is left for it; a higher limit (ulimit -n) would "
                                    "work");
}

EventQueue::~EventQueue()
{
    ::close(descriptor_);
}

void EventQueue::push(std::string json)
{
    {
        const std::lock_guard lock(mutex_);
        if (closed_)
            return;
        if (waiting_.size() >= most_) {
            ++dropped_;
            return;
        }
        say_dropped();
        waiting_.push_back(std::move(json));
        show_readable();
    }
    changed_.notify_one();
}

std::expected<std::string, jf_status> EventQueue::pop(std::int32_t timeout_ms)
{
    std::unique_lock lock(mutex_);
    const auto there = [this] { return closed_ || !waiting_.empty(); };
    if (timeout_ms < 0)
        changed_.wait(lock, there);
    else
        changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), there);
    if (waiting_.empty())
        return std::unexpected(closed_ ? JF_CLOSED : JF_TIMEOUT);
    auto oldest = std::move(waiting_.front());
    waiting_.pop_front();
    if (waiting_.empty())
        say_dropped();
    show_readable();
    return oldest;
}

void EventQueue::close()
{
    {
        const std::lock_guard lock(mutex_);
        say_dropped();
        closed_ = true;
        show_readable();
    }
    changed_.notify_all();
}

void EventQueue::clear()
{
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    show_readable();
}

/// In the place of what was dropped; one more than the limit.
void EventQueue::say_dropped()
{
    if (dropped_ == 0)
        return;
    const auto detail = fmt::format(R"({{"what":"dropped","count":{}}})", std::exchange(dropped_, 0));
    const auto now = monotonic_ns();
    waiting_.push_back(to_json_line({now, "", Side::node, Step::call, Moment::progress, detail}, now));
}

void EventQueue::show_readable()
{
    const bool now = closed_ || !waiting_.empty();
    if (now == std::exchange(readable_, now))
        return;
    std::uint64_t count = 1; // neither can fail: it was 0 before the one, 1 before the other
    [[maybe_unused]] const auto bytes =
        now ? write(descriptor_, &count, sizeof(count)) : read(descriptor_, &count, sizeof(count));
}

} // namespace jackfield::kernel::capi
