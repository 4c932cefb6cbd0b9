// The end of an asynchronous operation: called exactly once, always through the control thread's queue.
//
// Threads: finish it on any thread; the caller hears of it on the control thread.
// Lifetime: one that is destroyed unfinished reports JF_CANCELLED, so no path through a plugin can forget it.
#pragma once

#include <jackfield/host.hpp>

namespace jackfield {

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
        if (done_.call != nullptr)
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

/// Starts asynchronous work: f gets a reference to the Completion and moves it where it needs it. What f throws becomes
/// the end of the operation.
template <class F>
void start_guarded(Host host, jf_done done, F&& f)
{
    Completion completion(host, done);
    jf_error error = no_error();
    const Status status = guarded(&error, [&] { std::forward<F>(f)(completion); });
    if (status != JF_OK)
        completion.fail(status, error.text);
}

} // namespace jackfield
