// A camera or a screen in a call. See session.hpp.

#include "session.hpp"

#include "picture_maker.hpp"

#include <pthread.h>

#include <optional>

namespace media_capture {

using namespace std::chrono_literals;

Session::Session(jackfield::Host host, Wanted wanted, jf_source_info info, jackfield::SourceListener listener)
    : host_(host), wanted_(std::move(wanted)), info_(info), listener_(listener)
{}

Session::~Session()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

void Session::start(const jf_source_format& format)
{
    if (format.kind != JF_VIDEO)
        throw jackfield::Failure(JF_BAD_INPUT, "a camera or screen has pictures and nothing else");
    if (thread_.joinable())
        throw jackfield::Failure(JF_BUSY, "the pictures of this device come already");
    thread_ = std::thread([this, format] { run(format); });
}

void Session::run(const jf_source_format& format)
{
    pthread_setname_np(pthread_self(), "jf-capture");
    do {
        try {
            Capture capture(wanted_);
            say_once("\"" + wanted_.device + "\", " + std::to_string(capture.width()) + "x" +
                     std::to_string(capture.height()));
            read(capture, format);
            if (!stopped())
                say_once("\"" + wanted_.device + "\" is gone; the call goes on without it");
        } catch (const std::exception& exception) {
            say_once(exception.what());
        }
    } while (!wait(1s)); // it may be plugged in again
}

void Session::read(Capture& capture, const jf_source_format& format)
{
    PictureMaker maker(format);
    const auto pause = std::chrono::milliseconds(std::max(1, 250 / wanted_.frame_rate()));
    const std::int64_t least_ns =
        format.max_frame_rate_millihertz == 0 ? 0 : 1'000'000'000'000 / format.max_frame_rate_millihertz;
    std::optional<std::int64_t> last_ns;
    while (!stopped()) {
        AVFrame* taken = nullptr;
        const auto next = capture.next(taken);
        const std::int64_t now_ns = host_.now_ns();
        if (next == Capture::Next::gone)
            return;
        if (next == Capture::Next::nothing_yet) {
            wait(pause); // libavdevice does not say when a camera has something
            continue;
        }
        jf_frame picture{};
        if ((last_ns && now_ns - *last_ns < least_ns * 9 / 10) || !maker.make(*taken, picture))
            continue;
        last_ns = now_ns;
        picture.time_ns = now_ns;
        listener_.frame(picture);
    }
}

void Session::say_once(const std::string& words)
{
    if (said_ != words)
        host_.info((wanted_.screen ? "screen: " : "camera: ") + words);
    said_ = words;
}

/// True if it is to end.
bool Session::wait(std::chrono::milliseconds most)
{
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [this] { return stop_; });
}

bool Session::stopped()
{
    const std::lock_guard lock(mutex_);
    return stop_;
}

} // namespace media_capture
