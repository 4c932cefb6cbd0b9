// Many deadlines behind one host timer: see the header.
//
// Threads: the control thread.
#include "deadlines.hpp"

namespace jackfield::signaling {

Deadlines::Id Deadlines::start(Nanoseconds delay, std::function<void()> due)
{
    const Id id = ++last_id_;
    const std::int64_t due_ns = host_.now_ns() + delay.count();
    waiting_.emplace(Key(due_ns, id), std::move(due));
    due_ns_.emplace(id, due_ns);
    arm();
    return id;
}

void Deadlines::stop(Id& id)
{
    // The timer stays where it is: if nothing is due when it fires, it moves on to what is next.
    const auto found = due_ns_.find(std::exchange(id, 0));
    if (found == due_ns_.end())
        return;
    waiting_.erase(Key(found->second, found->first));
    due_ns_.erase(found);
    if (waiting_.empty())
        timer_.cancel();
}

void Deadlines::stop_all()
{
    waiting_.clear();
    due_ns_.clear();
    timer_.cancel();
}

void Deadlines::arm()
{
    if (waiting_.empty())
        return;
    const std::int64_t next_ns = waiting_.begin()->first.first;
    if (timer_.running() && armed_for_ns_ <= next_ns)
        return;
    armed_for_ns_ = next_ns;
    timer_.start(Nanoseconds(std::max<std::int64_t>(next_ns - host_.now_ns(), 0)), [this] { run(); });
}

void Deadlines::run()
{
    const std::int64_t now_ns = host_.now_ns();
    while (!waiting_.empty() && waiting_.begin()->first.first <= now_ns) {
        auto first = waiting_.extract(waiting_.begin());
        due_ns_.erase(first.key().second);
        first.mapped()();
    }
    arm();
}

} // namespace jackfield::signaling
