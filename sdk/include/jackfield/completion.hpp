// The end of an asynchronous operation: called exactly once, always through the control thread's queue.
//
// Threads: finish it on any thread; the caller hears of it on the control thread.
// Lifetime: one that is destroyed unfinished reports JF_CANCELLED, so no path through a plugin can forget it.
#pragma once

#include <jackfield/host.hpp>

#include <functional>

namespace jackfield {

namespace detail {

/// Stands around one call of a method. An unfinished end that the method's exception destroys on its way out was not
/// given up: it ends with the status of that exception.
class ThrowScope {
public:
    using End = std::function<void(Status, std::string_view)>;

    ThrowScope() : outer_(std::exchange(current_, this)), exceptions_(std::uncaught_exceptions()) {}
    ThrowScope(const ThrowScope&) = delete;
    ThrowScope& operator=(const ThrowScope&) = delete;
    ~ThrowScope() { current_ = outer_; }

    /// For the destructor of an unfinished end. False if no method is being left by an exception.
    static bool keep(End end)
    {
        if (current_ == nullptr || std::uncaught_exceptions() <= current_->exceptions_)
            return false;
        current_->ends_.push_back(std::move(end));
        return true;
    }

    /// The method threw.
    void finish(Status status, std::string_view text)
    {
        for (const End& end : std::exchange(ends_, {}))
            end(status, text);
    }

private:
    inline static thread_local ThrowScope* current_ = nullptr;
    ThrowScope* outer_;
    int exceptions_;
    std::vector<End> ends_;
};

} // namespace detail

class Completion {
public:
    Completion(Host host, jf_done done) : host_(host), done_(done) {}
    Completion(Completion&& other) noexcept : host_(other.host_), done_(std::exchange(other.done_, {nullptr, nullptr}))
    {}
    Completion& operator=(Completion&& other) noexcept
    {
        if (this != &other) {
            abandon();
            host_ = other.host_;
            done_ = std::exchange(other.done_, {nullptr, nullptr});
        }
        return *this;
    }
    ~Completion() { abandon(); }

    void succeed() { finish(JF_OK, ""); }

    void fail(Status status, std::string_view text) { finish(status, text); }

    /// True until it was finished or moved away.
    explicit operator bool() const { return done_.call != nullptr; }

private:
    void abandon()
    {
        if (done_.call == nullptr)
            return;
        if (detail::ThrowScope::keep([host = host_, done = done_](Status status, std::string_view text) {
                Completion(host, done).fail(status, text);
            }))
            done_ = {nullptr, nullptr};
        else
            finish(JF_CANCELLED, "the operation was given up");
    }

    void finish(Status status, std::string_view text)
    {
        if (done_.call == nullptr)
            return;
        host_.post([done = std::exchange(done_, {nullptr, nullptr}), error = make_error(status, text)] {
            done.call(done.self, error.status, error.status == JF_OK ? nullptr : &error);
        });
    }

    Host host_;
    jf_done done_;
};

/// What every interface class of this SDK derives from: an instance and its host.
class Instance {
public:
    explicit Instance(Host host) : host_(host) {}
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    virtual ~Instance() = default;

    Host host() const { return host_; }

protected:
    Host host_;
};

/// Runs a method that was given an end. What it throws becomes that end.
template <class F>
jf_error run_method(F&& f)
{
    detail::ThrowScope scope;
    jf_error error = no_error();
    if (guarded(&error, std::forward<F>(f)) != JF_OK)
        scope.finish(error.status, error.text);
    return error;
}

/// Starts asynchronous work: f gets a reference to the Completion and moves it where it needs it. What f throws becomes
/// the end of the operation.
template <class F>
void start_guarded(Host host, jf_done done, F&& f)
{
    run_method([&] {
        Completion completion(host, done);
        std::forward<F>(f)(completion);
    });
}

} // namespace jackfield
