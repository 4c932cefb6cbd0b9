// A window of one call: it opens with the first picture and shows each at its time.
//
// Threads:  write on the call's thread for pictures; open and finish on control; the rest on the window thread.
// Lifetime: the kernel's. Somebody who closes the window ends nothing.
#pragma once

#include "picture_queue.hpp"
#include "window_thread.hpp"

#include <jackfield/media_sink.hpp>

#include <memory>
#include <string>

struct SDL_Renderer;
struct SDL_Texture;
struct SDL_Window;

namespace media_sdl {

class Window final : public jackfield::SinkSession, private WindowThread::User {
public:
    struct Look {
        std::string title;
        bool full_screen = false;
    };

    Window(jackfield::Host host, std::shared_ptr<WindowThread> thread, Look look);
    ~Window() override;

    /// Sound is swallowed: nobody sees it.
    jackfield::Status write(const jf_frame& frame) noexcept override;
    void finish(jackfield::Completion done) override;

private:
    struct Destroy {
        void operator()(SDL_Window* window) const;
        void operator()(SDL_Renderer* renderer) const;
        void operator()(SDL_Texture* texture) const;
    };

    std::int64_t show(std::int64_t now_ns) override;
    std::uint32_t window_id() const override;
    void event(const SDL_Event& event) override;
    bool open_for(Size picture);
    bool load();
    void draw();
    void close();
    void fail(const std::string& what);
    void leave();

    std::shared_ptr<WindowThread> thread_; // others: the plugin's instances
    Look look_;
    PictureQueue queue_;
    Picture picture_; // the one that is shown
    std::uint64_t shown_ = 0;
    bool closed_ = false; // for good
    bool left_ = false;   // [control]

    std::unique_ptr<SDL_Window, Destroy> window_;
    std::unique_ptr<SDL_Renderer, Destroy> renderer_;
    std::unique_ptr<SDL_Texture, Destroy> texture_;
    Size texture_size_;
};

} // namespace media_sdl
