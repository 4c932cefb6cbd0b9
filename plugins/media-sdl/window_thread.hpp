// The one thread of this process that talks to SDL: it owns the screen, every window, and SDL's events.
//
// SDL keeps its state in globals and wants one thread for its windows, so instances share it.
//
// Threads:  its own; `run` on any other, `ring` on any.
// Lifetime: from the first instance to the last.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

union SDL_Event;

namespace media_sdl {

class WindowThread {
public:
    /// Something that has a window. All on the window thread.
    class User {
    public:
        /// Shows what is due; says when to be asked again (monotonic ns, INT64_MAX: when rung for).
        virtual std::int64_t show(std::int64_t now_ns) = 0;
        virtual std::uint32_t window_id() const = 0; // 0: it has none
        virtual void event(const SDL_Event& event) = 0;

    protected:
        ~User() = default;
    };

    /// The thread of this process.
    static std::shared_ptr<WindowThread> instance();

    WindowThread();
    WindowThread(const WindowThread&) = delete;
    WindowThread& operator=(const WindowThread&) = delete;
    ~WindowThread();

    /// Opens the screen, if it is not open. Throws Failure(JF_UNREACHABLE) if there is none, or it does not answer
    /// within two seconds. [control]
    void open_screen();

    void add(User& user);

    /// No call of it runs any more when this returns. Its window goes on the window thread, by `leave`.
    void remove(User& user, std::function<void()> leave);

    /// There is something to show. [media]
    void ring();

    std::string screen() const;

private:
    void run();
    bool init();
    std::int64_t show_all();
    void wait(std::int64_t until_ns);
    void hand_out(const SDL_Event& event);
    bool do_tasks();
    bool has_window() const;

    mutable std::mutex mutex_; // guards the next five
    std::condition_variable changed_;
    std::list<std::function<void()>> tasks_;
    bool rung_ = false;
    bool waits_for_events_ = false;
    bool stop_ = false;
    std::string screen_;

    std::list<User*> users_; // of the window thread
    bool ready_ = false;
    std::uint32_t wake_event_ = 0;
    std::thread thread_;
};

} // namespace media_sdl
