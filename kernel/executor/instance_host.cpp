// The jf_host of one plugin instance. See instance_host.hpp.

#include "kernel/executor/instance_host.hpp"

#include <asio/steady_timer.hpp>

#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>

namespace jackfield::kernel {

std::int64_t monotonic_ns()
{
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

void random_bytes(std::uint8_t* data, std::size_t size)
{
    while (size > 0) {
        const ssize_t got = getrandom(data, size, 0);
        if (got < 0)
            std::abort(); // a kernel without randomness must not make keys
        data += got;
        size -= static_cast<std::size_t>(got);
    }
}

/// Tasks and timers of one instance, behind the gate.
class InstanceHost::Queue : public std::enable_shared_from_this<InstanceHost::Queue> {
public:
    explicit Queue(ControlThread& control) : control_(control) {}

    void post(jf_task task)
    {
        {
            const std::lock_guard lock(mutex_);
            if (!closed_) {
                tasks_.push_back(task);
                if (!std::exchange(scheduled_, true))
                    schedule();
                return;
            }
        }
        task.drop(task.self);
    }

    jf_timer start_timer(std::int64_t delay_ns, jf_task task)
    {
        const std::lock_guard lock(mutex_);
        const jf_timer id = ++last_timer_;
        if (closed_) {
            task.drop(task.self);
            return id;
        }
        auto& timer = timers_.try_emplace(id, control_.context(), task).first->second.timer;
        timer.expires_after(std::chrono::nanoseconds(std::max<std::int64_t>(delay_ns, 0)));
        timer.async_wait([self = shared_from_this(), id](asio::error_code error) {
            if (!error)
                self->fire(id);
        });
        return id;
    }

    void cancel_timer(jf_timer id)
    {
        jf_task task{};
        {
            const std::lock_guard lock(mutex_);
            const auto found = timers_.find(id);
            if (found == timers_.end())
                return;
            task = found->second.task;
            timers_.erase(found);
        }
        task.drop(task.self);
    }

    void close()
    {
        std::deque<jf_task> tasks;
        std::map<jf_timer, Waiting> timers;
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            tasks.swap(tasks_);
            timers.swap(timers_);
        }
        for (const auto& task : tasks)
            task.drop(task.self);
        for (const auto& [id, waiting] : timers)
            waiting.task.drop(waiting.task.self);
    }

    std::size_t waiting() const
    {
        const std::lock_guard lock(mutex_);
        return tasks_.size() + timers_.size();
    }

private:
    struct Waiting {
        Waiting(asio::io_context& context, jf_task what) : timer(context), task(what) {}
        asio::steady_timer timer;
        jf_task task;
    };

    void schedule()
    {
        control_.post([self = shared_from_this()] { self->drain(); });
    }

    // Runs what was queued when it began, not what those tasks queue: others get their turn in between.
    void drain()
    {
        std::size_t count = waiting_tasks();
        jf_task task{};
        while (count-- > 0 && take(task))
            task.run(task.self);
        const std::lock_guard lock(mutex_);
        scheduled_ = !tasks_.empty();
        if (scheduled_)
            schedule();
    }

    std::size_t waiting_tasks() const
    {
        const std::lock_guard lock(mutex_);
        return tasks_.size();
    }

    bool take(jf_task& task)
    {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty())
            return false; // the gate was closed by the task before
        task = tasks_.front();
        tasks_.pop_front();
        return true;
    }

    void fire(jf_timer id)
    {
        jf_task task{};
        {
            const std::lock_guard lock(mutex_);
            const auto found = timers_.find(id);
            if (found == timers_.end())
                return;
            task = found->second.task;
            timers_.erase(found);
        }
        task.run(task.self);
    }

    ControlThread& control_;
    mutable std::mutex mutex_;
    std::deque<jf_task> tasks_;
    std::map<jf_timer, Waiting> timers_;
    jf_timer last_timer_ = 0;
    bool scheduled_ = false; // a drain is on its way
    bool closed_ = false;
};

InstanceHost::InstanceHost(ControlThread& control, const HostServices& services, std::string name)
    : control_(control), services_(services), name_(std::move(name)), queue_(std::make_shared<Queue>(control))
{
    raw_.struct_size = sizeof(raw_);
    raw_.self = this;
    raw_.log = [](void* self, std::int32_t level, jf_text line) {
        const auto& host = of(self);
        if (level >= host.services_.log_level && host.services_.log)
            host.services_.log(level, host.name_, {line.data, line.size});
    };
    raw_.log_enabled = [](void* self, std::int32_t level) -> std::int32_t {
        return level >= of(self).services_.log_level ? 1 : 0;
    };
    raw_.post = [](void* self, jf_task task) { of(self).queue_->post(task); };
    raw_.start_timer = [](void* self, std::int64_t delay_ns, jf_task task) {
        return of(self).queue_->start_timer(delay_ns, task);
    };
    raw_.cancel_timer = [](void* self, jf_timer timer) { of(self).queue_->cancel_timer(timer); };
    raw_.now_ns = [](void*) { return monotonic_ns(); };
    raw_.wall_ms = [](void*) -> std::int64_t {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    };
    raw_.random = [](void*, std::uint8_t* data, std::size_t size) { random_bytes(data, size); };
    raw_.on_control_thread = [](void* self) -> std::int32_t { return of(self).control_.is_current() ? 1 : 0; };
    raw_.get_service = [](void* self, jf_text id) -> const void* {
        const auto& find = of(self).services_.find_service;
        return find ? find({id.data, id.size}) : nullptr;
    };
}

InstanceHost::~InstanceHost()
{
    close_gate();
}

void InstanceHost::close_gate()
{
    queue_->close();
}

std::size_t InstanceHost::waiting() const
{
    return queue_->waiting();
}

} // namespace jackfield::kernel
