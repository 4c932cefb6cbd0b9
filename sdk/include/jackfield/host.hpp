// The kernel as an instance sees it: log, control thread, timers, time, randomness, services.
//
// Threads: all of Host may be used on any thread; Scope and Timer belong to the control thread.
// Lifetime: a Host is a borrowed pointer, valid until the instance's destructor returns.
#pragma once

#include <jackfield/abi/host.h>
#include <jackfield/basic.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <type_traits>

namespace jackfield {

using Nanoseconds = std::chrono::nanoseconds;

namespace detail {

/// A callable on the heap behind the two C functions of a task.
template <class F>
jf_task make_task(F&& f)
{
    using Callable = std::decay_t<F>;
    return {new Callable(std::forward<F>(f)),
            [](void* self) {
                std::unique_ptr<Callable> callable(static_cast<Callable*>(self));
                (*callable)();
            },
            [](void* self) { delete static_cast<Callable*>(self); }};
}

} // namespace detail

class Host {
public:
    explicit Host(const jf_host* host) : host_(host) {}

    void debug(std::string_view line) const { log(JF_LOG_DEBUG, line); }
    void info(std::string_view line) const { log(JF_LOG_INFO, line); }
    void warning(std::string_view line) const { log(JF_LOG_WARNING, line); }
    void error(std::string_view line) const { log(JF_LOG_ERROR, line); }
    void log(std::int32_t level, std::string_view line) const { host_->log(host_->self, level, to_text(line)); }
    bool log_enabled(std::int32_t level) const { return host_->log_enabled(host_->self, level) != 0; }

    /// Runs f on a later turn of the control thread. f may capture the instance; for a session use Scope::post.
    template <class F>
    void post(F&& f) const
    {
        host_->post(host_->self, detail::make_task(std::forward<F>(f)));
    }

    std::int64_t now_ns() const { return host_->now_ns(host_->self); }
    std::int64_t wall_ms() const { return host_->wall_ms(host_->self); }
    bool on_control_thread() const { return host_->on_control_thread(host_->self) != 0; }
    void random(std::span<std::uint8_t> out) const { host_->random(host_->self, out.data(), out.size()); }

    std::uint64_t random_number() const
    {
        std::uint64_t number = 0;
        host_->random(host_->self, reinterpret_cast<std::uint8_t*>(&number), sizeof(number));
        return number;
    }

    /// Null if the node has no such service.
    const void* service(std::string_view interface_id) const
    {
        return host_->get_service(host_->self, to_text(interface_id));
    }

    const jf_host* raw() const { return host_; }

private:
    const jf_host* host_;
};

/// The life of a session: tasks posted through it run only while it exists. Make it a member of whatever they capture.
/// Construct and destroy on the control thread; post from any thread that is joined before.
class Scope {
public:
    explicit Scope(Host host) : host_(host), alive_(std::make_shared<std::atomic<bool>>(true)) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { end(); }

    /// No task runs any more. [control]
    void end() { alive_->store(false, std::memory_order_relaxed); }

    template <class F>
    void post(F&& f) const
    {
        host_.post([alive = alive_, f = std::forward<F>(f)]() mutable {
            if (alive->load(std::memory_order_relaxed))
                f();
        });
    }

    const Host& host() const { return host_; }

private:
    Host host_;
    std::shared_ptr<std::atomic<bool>> alive_;
};

/// One timer at a time; cancelled when it goes away. [control]
class Timer {
public:
    explicit Timer(Host host) : host_(host) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    /// Runs f on the control thread after the delay, instead of whatever was set before.
    template <class F>
    void start(Nanoseconds delay, F&& f)
    {
        cancel();
        auto task = detail::make_task([this, f = std::forward<F>(f)]() mutable {
            id_ = 0;
            f();
        });
        id_ = host_.raw()->start_timer(host_.raw()->self, delay.count(), task);
    }

    void cancel()
    {
        if (id_ != 0)
            host_.raw()->cancel_timer(host_.raw()->self, std::exchange(id_, 0));
    }

    bool running() const { return id_ != 0; }

private:
    Host host_;
    jf_timer id_ = 0;
};

} // namespace jackfield
