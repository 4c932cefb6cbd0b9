// SDL's thread. See window_thread.hpp.

#include "window_thread.hpp"

#include <jackfield/basic.hpp>

#include <SDL.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

namespace media_sdl {

namespace {

constexpr auto kPatience = std::chrono::seconds(2);
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t monotonic_ns()
{
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// What the window thread says to whoever waits for it; a problem, or nothing.
class Word {
public:
    void say(std::string problem)
    {
        const std::lock_guard lock(mutex_);
        problem_ = std::move(problem);
        said_.notify_all();
    }

    /// Nothing if it was not said in time.
    std::optional<std::string> within(std::chrono::seconds patience)
    {
        std::unique_lock lock(mutex_);
        said_.wait_for(lock, patience, [this] { return problem_.has_value(); });
        return problem_;
    }

    void wait()
    {
        std::unique_lock lock(mutex_);
        said_.wait(lock, [this] { return problem_.has_value(); });
    }

private:
    std::mutex mutex_;
    std::condition_variable said_;
    std::optional<std::string> problem_;
};

} // namespace

std::shared_ptr<WindowThread> WindowThread::instance()
{
    static std::mutex mutex;
    static std::weak_ptr<WindowThread> there;
    const std::lock_guard lock(mutex);
    auto thread = there.lock();
    if (thread == nullptr)
        there = thread = std::make_shared<WindowThread>();
    return thread;
}

WindowThread::WindowThread() : thread_([this] { run(); })
{}

WindowThread::~WindowThread()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    ring();
    thread_.join();
}

// --- from outside ---------------------------------------------------------------------------------------------------

void WindowThread::open_screen()
{
    const auto word = std::make_shared<Word>(); // second owner: the task, which may come late
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back([this, word] { word->say(init() ? "" : SDL_GetError()); });
    }
    ring();
    const auto problem = word->within(kPatience);
    if (!problem)
        throw jackfield::Failure(JF_UNREACHABLE, "the screen does not answer");
    if (!problem->empty())
        throw jackfield::Failure(JF_UNREACHABLE, "no screen: " + *problem + "; DISPLAY or WAYLAND_DISPLAY names one");
}

void WindowThread::add(User& user)
{
    const std::lock_guard lock(mutex_);
    tasks_.push_back([this, &user] { users_.push_back(&user); });
}

void WindowThread::remove(User& user, std::function<void()> leave)
{
    Word gone;
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back([&] {
            users_.remove(&user);
            leave();
            gone.say("");
        });
    }
    ring();
    gone.wait(); // for a picture to be drawn, at most
}

void WindowThread::ring()
{
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        wake = !std::exchange(rung_, true) && waits_for_events_;
    }
    changed_.notify_one();
    if (!wake)
        return;
    SDL_Event event{};
    event.type = wake_event_;
    SDL_PushEvent(&event);
}

std::string WindowThread::screen() const
{
    const std::lock_guard lock(mutex_);
    return screen_;
}

// --- the thread -----------------------------------------------------------------------------------------------------

void WindowThread::run()
{
    pthread_setname_np(pthread_self(), "jf-window");
    while (do_tasks())
        wait(show_all());
    if (ready_)
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
}

/// False if it is to end.
bool WindowThread::do_tasks()
{
    std::list<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        rung_ = false;
        tasks.swap(tasks_);
    }
    for (const auto& task : tasks)
        task();
    const std::lock_guard lock(mutex_);
    return !stop_ || !tasks_.empty();
}

bool WindowThread::init()
{
    if (ready_)
        return true;
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); // Ctrl-C belongs to the program
    SDL_SetHint(SDL_HINT_APP_NAME, "Jackfield");
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    SDL_SetYUVConversionMode(SDL_YUV_CONVERSION_BT601); // limited range, as frames are
    if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0)
        return false;
    ready_ = true;
    wake_event_ = SDL_RegisterEvents(1);
    const std::lock_guard lock(mutex_);
    screen_ = SDL_GetCurrentVideoDriver();
    return true;
}

std::int64_t WindowThread::show_all()
{
    std::int64_t next_ns = kNever;
    for (auto* const user : users_)
        next_ns = std::min(next_ns, user->show(monotonic_ns()));
    return next_ns;
}

bool WindowThread::has_window() const
{
    return std::ranges::any_of(users_, [](const User* user) { return user->window_id() != 0; });
}

/// SDL waits for the screen only where there is a window; without one it would look again every millisecond.
void WindowThread::wait(std::int64_t until_ns)
{
    if (!has_window()) {
        std::unique_lock lock(mutex_);
        const auto woken = [this] { return rung_ || stop_; };
        if (until_ns == kNever)
            changed_.wait(lock, woken);
        else
            changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until_ns)), woken);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (rung_ || stop_)
            until_ns = 0;
        waits_for_events_ = true;
    }
    SDL_Event event{};
    const std::int64_t left_ms =
        until_ns == kNever ? -1 : std::max<std::int64_t>(0, until_ns - monotonic_ns() + 999'999) / 1'000'000;
    for (int some = SDL_WaitEventTimeout(&event, static_cast<int>(std::min<std::int64_t>(left_ms, 60'000))); some != 0;
         some = SDL_PollEvent(&event))
        hand_out(event);
    const std::lock_guard lock(mutex_);
    waits_for_events_ = false;
}

void WindowThread::hand_out(const SDL_Event& event)
{
    if (event.type != SDL_WINDOWEVENT)
        return;
    for (auto* const user : users_) {
        if (user->window_id() == event.window.windowID)
            user->event(event);
    }
}

} // namespace media_sdl
