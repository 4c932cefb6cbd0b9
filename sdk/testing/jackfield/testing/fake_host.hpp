// A host for tests: the test's thread is the control thread, and time is real or turned by hand.
//
// Threads: construct, run and destroy on one thread, which becomes the control thread; the C functions on any thread.
// Lifetime: one FakeHost per instance. close_gate() does what the kernel does before it destroys an instance.
#pragma once

#include <jackfield/host.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

namespace jackfield::testing {

enum class Clock { real, manual };

class FakeHost {
public:
    explicit FakeHost(Clock clock = Clock::real)
        : clock_(clock), control_thread_(std::this_thread::get_id()), random_(std::random_device{}())
    {
        raw_.struct_size = sizeof(raw_);
        raw_.self = this;
        raw_.log = [](void* self, std::int32_t level, jf_text line) { of(self).log(level, view(line)); };
        raw_.log_enabled = [](void*, std::int32_t) -> std::int32_t { return 1; };
        raw_.post = [](void* self, jf_task task) { of(self).post(task); };
        raw_.start_timer = [](void* self, std::int64_t delay, jf_task task) {
            return of(self).start_timer(delay, task);
        };
        raw_.cancel_timer = [](void* self, jf_timer timer) { of(self).cancel_timer(timer); };
        raw_.now_ns = [](void* self) { return of(self).now_ns(); };
        raw_.wall_ms = [](void* self) { return of(self).wall_ms(); };
        raw_.random = [](void* self, std::uint8_t* data, std::size_t size) { of(self).fill(data, size); };
        raw_.on_control_thread = [](void* self) -> std::int32_t {
            return std::this_thread::get_id() == of(self).control_thread_ ? 1 : 0;
        };
        raw_.get_service = [](void* self, jf_text id) -> const void* {
            const auto found = of(self).services_.find(std::string(view(id)));
            return found == of(self).services_.end() ? nullptr : found->second;
        };
    }
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;
    ~FakeHost() { close_gate(); }

    const jf_host* raw() const { return &raw_; }
    Host host() const { return Host(&raw_); }

    /// What get_service answers; set before the instance is created.
    void provide(std::string_view interface_id, const void* service) { services_[std::string(interface_id)] = service; }

    /// Runs what is queued and due, until `done` holds. False if it does not within the deadline: then the test failed.
    bool run_until(const std::function<bool()>& done, std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        const auto end = std::chrono::steady_clock::now() + deadline;
        for (;;) {
            while (run_one()) {
                if (done())
                    return true;
            }
            if (done())
                return true;
            std::unique_lock lock(mutex_);
            if (!queue_.empty())
                continue;
            auto wake = end;
            if (clock_ == Clock::real && !timers_.empty())
                wake = std::min(wake, real_time(timers_.begin()->first.first));
            changed_.wait_until(lock, std::min(wake, std::chrono::steady_clock::now() + std::chrono::milliseconds(20)));
            if (std::chrono::steady_clock::now() >= end)
                return false;
        }
    }

    /// Runs several hosts of one test, one control thread for all, until `done` holds. Real clocks only.
    static bool run_together(const std::vector<FakeHost*>& hosts, const std::function<bool()>& done,
                             std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        struct Wake {
            std::mutex mutex;
            std::condition_variable changed;
            bool rung = false;
        };
        const auto wake = std::make_shared<Wake>();
        for (FakeHost* host : hosts) {
            const std::lock_guard lock(host->mutex_);
            host->on_post_ = [wake] {
                const std::lock_guard ring(wake->mutex);
                wake->rung = true;
                wake->changed.notify_all();
            };
        }
        const auto end = std::chrono::steady_clock::now() + deadline;
        bool held = false;
        while (!held && std::chrono::steady_clock::now() < end) {
            auto next = end;
            for (FakeHost* host : hosts) {
                while (!(held = done()) && host->run_one()) {
                }
                next = std::min(next, host->next_due(end));
            }
            std::unique_lock lock(wake->mutex);
            if (!held)
                wake->changed.wait_until(lock, next, [&] { return wake->rung; });
            wake->rung = false;
        }
        for (FakeHost* host : hosts) {
            const std::lock_guard lock(host->mutex_);
            host->on_post_ = nullptr;
        }
        return held;
    }

    /// Runs what is queued and due now. How many tasks that were.
    std::size_t run_pending()
    {
        std::size_t count = 0;
        while (run_one())
            ++count;
        return count;
    }

    /// Manual clock: time passes, and the timers that come due run in their order.
    void advance(std::chrono::nanoseconds by)
    {
        const std::int64_t target = manual_ns_.load() + by.count();
        run_pending();
        for (;;) {
            {
                const std::lock_guard lock(mutex_);
                if (timers_.empty() || timers_.begin()->first.first > target)
                    break;
                manual_ns_ = std::max(manual_ns_.load(), timers_.begin()->first.first);
            }
            run_pending();
        }
        manual_ns_ = target;
    }

    /// Drops everything queued; later posts are dropped at once.
    void close_gate()
    {
        std::deque<jf_task> tasks;
        decltype(timers_) timers;
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            tasks.swap(queue_);
            timers.swap(timers_);
        }
        for (const auto& task : tasks)
            task.drop(task.self);
        for (const auto& [due, task] : timers)
            task.drop(task.self);
    }

    std::size_t timer_count() const
    {
        const std::lock_guard lock(mutex_);
        return timers_.size();
    }

    /// How long until the next timer is due; negative if it is late already, nothing if there is none.
    std::optional<std::chrono::nanoseconds> next_timer_in() const
    {
        const std::lock_guard lock(mutex_);
        if (timers_.empty())
            return std::nullopt;
        return std::chrono::nanoseconds(timers_.begin()->first.first - now_ns());
    }

    /// Every line logged so far, each as "level text".
    std::vector<std::string> log_lines() const
    {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

    std::int64_t now_ns() const
    {
        return clock_ == Clock::manual ? manual_ns_.load()
                                       : std::chrono::steady_clock::now().time_since_epoch().count();
    }

    /// Random bytes that are the same on every run.
    void seed(std::uint32_t number)
    {
        const std::lock_guard lock(mutex_);
        random_.seed(number);
    }

    /// Manual clock: the wall clock starts here and goes with it.
    void set_wall_ms(std::int64_t wall_ms) { wall_base_ms_ = wall_ms - manual_ns_.load() / 1'000'000; }

private:
    static FakeHost& of(void* self) { return *static_cast<FakeHost*>(self); }

    static std::chrono::steady_clock::time_point real_time(std::int64_t ns)
    {
        return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(ns));
    }

    std::int64_t wall_ms() const
    {
        if (clock_ == Clock::manual)
            return wall_base_ms_.load() + manual_ns_.load() / 1'000'000;
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    }

    void log(std::int32_t level, std::string_view line)
    {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::to_string(level) + " " + std::string(line));
        if (std::getenv("JACKFIELD_TEST_LOG") != nullptr)
            std::fprintf(stderr, "%s\n", lines_.back().c_str());
    }

    void post(jf_task task)
    {
        {
            const std::lock_guard lock(mutex_);
            if (!closed_) {
                queue_.push_back(task);
                changed_.notify_all();
                if (on_post_)
                    on_post_();
                return;
            }
        }
        task.drop(task.self);
    }

    jf_timer start_timer(std::int64_t delay_ns, jf_task task)
    {
        const std::int64_t due = now_ns() + std::max<std::int64_t>(delay_ns, 0);
        {
            const std::lock_guard lock(mutex_);
            if (!closed_) {
                const jf_timer id = ++last_timer_;
                timers_.emplace(std::pair(due, id), task);
                changed_.notify_all();
                if (on_post_)
                    on_post_();
                return id;
            }
        }
        task.drop(task.self);
        return last_timer_ + 1;
    }

    void cancel_timer(jf_timer timer)
    {
        jf_task task{};
        {
            const std::lock_guard lock(mutex_);
            const auto found = std::find_if(timers_.begin(), timers_.end(),
                                            [&](const auto& entry) { return entry.first.second == timer; });
            if (found == timers_.end())
                return;
            task = found->second;
            timers_.erase(found);
        }
        task.drop(task.self);
    }

    std::chrono::steady_clock::time_point next_due(std::chrono::steady_clock::time_point otherwise) const
    {
        const std::lock_guard lock(mutex_);
        return timers_.empty() ? otherwise : real_time(timers_.begin()->first.first);
    }

    bool run_one()
    {
        jf_task task{};
        {
            const std::lock_guard lock(mutex_);
            if (!queue_.empty()) {
                task = queue_.front();
                queue_.pop_front();
            } else if (!timers_.empty() && timers_.begin()->first.first <= now_ns()) {
                task = timers_.begin()->second;
                timers_.erase(timers_.begin());
            } else {
                return false;
            }
        }
        task.run(task.self);
        return true;
    }

    void fill(std::uint8_t* data, std::size_t size)
    {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < size; ++i)
            data[i] = static_cast<std::uint8_t>(random_());
    }

    jf_host raw_{};
    Clock clock_;
    std::thread::id control_thread_;
    std::mt19937 random_;
    std::map<std::string, const void*> services_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<jf_task> queue_;
    std::map<std::pair<std::int64_t, jf_timer>, jf_task> timers_;
    jf_timer last_timer_ = 0;
    bool closed_ = false;
    std::function<void()> on_post_; // rings for run_together
    std::atomic<std::int64_t> manual_ns_{1'000'000'000};
    std::atomic<std::int64_t> wall_base_ms_{1'700'000'000'000};
    std::vector<std::string> lines_;
};

} // namespace jackfield::testing
