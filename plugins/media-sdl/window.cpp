// A window of one call. See window.hpp.

#include "window.hpp"

#include <SDL.h>

#include <limits>

namespace media_sdl {

void Window::Destroy::operator()(SDL_Window* window) const
{
    SDL_DestroyWindow(window);
}
void Window::Destroy::operator()(SDL_Renderer* renderer) const
{
    SDL_DestroyRenderer(renderer);
}
void Window::Destroy::operator()(SDL_Texture* texture) const
{
    SDL_DestroyTexture(texture);
}

Window::Window(jackfield::Host host, std::shared_ptr<WindowThread> thread, Look look)
    : SinkSession(host), thread_(std::move(thread)), look_(std::move(look))
{
    thread_->open_screen();
    thread_->add(*this);
}

Window::~Window()
{
    leave();
}

jackfield::Status Window::write(const jf_frame& frame) noexcept
{
    if (frame.kind == JF_AUDIO)
        return JF_OK;
    const auto status = queue_.put(frame);
    if (status == JF_OK)
        thread_->ring();
    return status;
}

void Window::finish(jackfield::Completion done)
{
    leave();
    host_.info("window: showed " + std::to_string(shown_) + " pictures, left out " + std::to_string(queue_.left_out()));
    done.succeed();
}

void Window::leave()
{
    if (!std::exchange(left_, true))
        thread_->remove(*this, [this] { close(); });
}

// --- on the window thread -------------------------------------------------------------------------------------------

std::int64_t Window::show(std::int64_t now_ns)
{
    if (queue_.take(now_ns, picture_) && !closed_ && open_for(turned(picture_.size, picture_.rotation_deg)) && load()) {
        draw();
        ++shown_;
    }
    return queue_.next_ns().value_or(std::numeric_limits<std::int64_t>::max());
}

std::uint32_t Window::window_id() const
{
    return window_ == nullptr ? 0 : SDL_GetWindowID(window_.get());
}

bool Window::open_for(Size picture)
{
    if (window_ != nullptr)
        return true;
    SDL_Rect room{0, 0, 1280, 720};
    SDL_GetDisplayUsableBounds(0, &room);
    const Size size = window_for(picture, {room.w, room.h});
    const Uint32 flags = SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI |
                         (look_.full_screen ? static_cast<Uint32>(SDL_WINDOW_FULLSCREEN_DESKTOP) : 0U);
    window_.reset(SDL_CreateWindow(look_.title.c_str(), SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, size.width,
                                   size.height, flags));
    if (window_ != nullptr)
        renderer_.reset(SDL_CreateRenderer(window_.get(), -1, 0));
    if (renderer_ == nullptr) {
        fail("cannot be opened");
        return false;
    }
    host_.info("window: \"" + look_.title + "\" on " + thread_->screen());
    return true;
}

bool Window::load()
{
    const Size size = picture_.size;
    if (texture_ == nullptr || texture_size_ != size) {
        texture_.reset(SDL_CreateTexture(renderer_.get(), SDL_PIXELFORMAT_IYUV, SDL_TEXTUREACCESS_STREAMING, size.width,
                                         size.height));
        texture_size_ = size;
        if (texture_ != nullptr)
            SDL_SetTextureScaleMode(texture_.get(), SDL_ScaleModeLinear);
    }
    const int half = (size.width + 1) / 2;
    if (texture_ == nullptr ||
        SDL_UpdateYUVTexture(texture_.get(), nullptr, picture_.planes[0].data(), size.width, picture_.planes[1].data(),
                             half, picture_.planes[2].data(), half) != 0) {
        fail("cannot show a picture of " + std::to_string(size.width) + "x" + std::to_string(size.height));
        return false;
    }
    return true;
}

void Window::draw()
{
    if (texture_ == nullptr)
        return;
    Size room;
    SDL_GetRendererOutputSize(renderer_.get(), &room.width, &room.height);
    const auto place =
        before_turning(fitted(turned(picture_.size, picture_.rotation_deg), room), picture_.rotation_deg);
    const SDL_Rect where{place.x, place.y, place.width, place.height};
    SDL_SetRenderDrawColor(renderer_.get(), 0, 0, 0, 255);
    SDL_RenderClear(renderer_.get());
    SDL_RenderCopyEx(renderer_.get(), texture_.get(), nullptr, &where, picture_.rotation_deg, nullptr, SDL_FLIP_NONE);
    SDL_RenderPresent(renderer_.get());
}

void Window::event(const SDL_Event& event)
{
    if (event.window.event == SDL_WINDOWEVENT_CLOSE) {
        host_.warning("window: closed; the call goes on without it");
        closed_ = true;
        close();
    } else if (event.window.event == SDL_WINDOWEVENT_EXPOSED || event.window.event == SDL_WINDOWEVENT_SIZE_CHANGED) {
        draw();
    }
}

void Window::fail(const std::string& what)
{
    host_.error("window: " + what + ": " + SDL_GetError());
    closed_ = true;
    close();
}

void Window::close()
{
    texture_.reset();
    renderer_.reset();
    window_.reset();
}

} // namespace media_sdl
