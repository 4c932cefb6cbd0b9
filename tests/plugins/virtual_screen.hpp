// An X server of the test's own without a screen (Xvfb), which DISPLAY names from then on, and what stands on it.
//
// Threads: the test's. Lifetime: the destructor ends the server.
#pragma once

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace screen_test {

class VirtualScreen {
public:
    VirtualScreen()
    {
        server_ = popen("echo $$; exec setpriv --pdeathsig KILL Xvfb -displayfd 1 -screen 0 800x600x24 -nolisten tcp "
                        "2>/dev/null",
                        "re");
        std::array<char, 32> line{};
        if (std::fgets(line.data(), line.size(), server_) != nullptr)
            pid_ = std::atoi(line.data());
        if (std::fgets(line.data(), line.size(), server_) != nullptr)
            name_ = ":" + std::to_string(std::atoi(line.data()));
        EXPECT_FALSE(name_.empty()) << "Xvfb does not start";
        setenv("DISPLAY", name_.c_str(), 1);
        unsetenv("WAYLAND_DISPLAY");
#ifdef __SANITIZE_ADDRESS__
        // Mesa is unloaded before the search for leaks, which then cannot tell whose memory it was.
        setenv("SDL_RENDER_DRIVER", "software", 1);
        setenv("SDL_FRAMEBUFFER_ACCELERATION", "0", 1);
#endif
        // A window that is looked at may have gone since it was listed; Xlib would end the program.
        XSetErrorHandler([](Display*, XErrorEvent*) { return 0; });
        display_ = XOpenDisplay(name_.c_str());
    }
    VirtualScreen(const VirtualScreen&) = delete;
    VirtualScreen& operator=(const VirtualScreen&) = delete;
    ~VirtualScreen()
    {
        if (display_ != nullptr)
            XCloseDisplay(display_);
        if (pid_ > 0)
            ::kill(pid_, SIGTERM);
        pclose(server_);
    }

    const std::string& name() const { return name_; }
    Display* display() const { return display_; }

    /// The window that is called so; 0 if there is none.
    Window find(const std::string& title) const { return find_below(DefaultRootWindow(display_), title); }

    struct Colour {
        int red;
        int green;
        int blue;
    };

    /// What is seen at that place of the screen.
    Colour at(int x, int y) const
    {
        XImage* const image = XGetImage(display_, DefaultRootWindow(display_), x, y, 1, 1, AllPlanes, ZPixmap);
        if (image == nullptr)
            return {-1, -1, -1};
        const unsigned long pixel = XGetPixel(image, 0, 0);
        XDestroyImage(image);
        return {static_cast<int>(pixel >> 16 & 255), static_cast<int>(pixel >> 8 & 255), static_cast<int>(pixel & 255)};
    }

    struct Area {
        int x = 0;
        int y = 0;
        int width = 0;
        int height = 0;
    };
    Area area_of(Window window) const
    {
        XWindowAttributes seen{};
        Area area;
        Window child = 0;
        if (XGetWindowAttributes(display_, window, &seen) != 0)
            XTranslateCoordinates(display_, window, DefaultRootWindow(display_), 0, 0, &area.x, &area.y, &child);
        area.width = seen.width;
        area.height = seen.height;
        return area;
    }

    void resize(Window window, int width, int height) const
    {
        XMoveResizeWindow(display_, window, 0, 0, static_cast<unsigned>(width), static_cast<unsigned>(height));
        XSync(display_, 0);
    }

    /// As the cross in the corner does it.
    void close(Window window) const
    {
        XEvent event{};
        event.xclient.type = ClientMessage;
        event.xclient.window = window;
        event.xclient.message_type = XInternAtom(display_, "WM_PROTOCOLS", 1);
        event.xclient.format = 32;
        event.xclient.data.l[0] = static_cast<long>(XInternAtom(display_, "WM_DELETE_WINDOW", 0));
        XSendEvent(display_, window, 0, NoEventMask, &event);
        XSync(display_, 0);
    }

    /// Everything is of that colour.
    void fill(unsigned long colour) const
    {
        XSetWindowBackground(display_, DefaultRootWindow(display_), colour);
        XClearWindow(display_, DefaultRootWindow(display_));
        XSync(display_, 0);
    }

private:
    Window find_below(Window above, const std::string& title) const
    {
        Window root = 0;
        Window parent = 0;
        Window* windows = nullptr;
        unsigned count = 0;
        Window found = 0;
        if (XQueryTree(display_, above, &root, &parent, &windows, &count) == 0)
            return 0;
        for (unsigned i = 0; i < count && found == 0; ++i) {
            char* name = nullptr;
            if (XFetchName(display_, windows[i], &name) != 0 && name != nullptr && title == name)
                found = windows[i];
            XFree(name);
        }
        XFree(windows);
        return found;
    }

    std::FILE* server_ = nullptr;
    pid_t pid_ = 0;
    std::string name_;
    Display* display_ = nullptr;
};

} // namespace screen_test
