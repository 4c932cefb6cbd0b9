// Makes frames and hands them on when they are due. See session.hpp.

#include "session.hpp"

#include "picture.hpp"
#include "tone.hpp"

#include <pthread.h>

#include <algorithm>
#include <string>

namespace media_test {

Session::Session(jackfield::Host host, const Options& options, bool realtime, SoundThread& sound_thread,
                 jackfield::SourceListener listener)
    : host_(host),
      options_(options),
      realtime_(realtime),
      listener_(listener),
      sound_(host, clock_, false, realtime),
      pictures_(host, clock_, true, realtime),
      sound_thread_(sound_thread)
{}

Session::~Session()
{
    pictures_.stop();
    if (tone_) {
        sound_thread_.remove(*this);
        sound_.tell_lateness();
    }
    if (pictures_thread_.joinable())
        pictures_thread_.join();
}

jf_source_info Session::describe()
{
    jf_source_info info{};
    info.struct_size = sizeof(info);
    info.has_audio = info.has_video = 1;
    info.sample_rate_hz = Tone::kRateHz;
    info.channels = Tone::kChannels;
    info.width_px = options_.width_px;
    info.height_px = options_.height_px;
    info.frame_rate_millihertz = options_.frame_rate * 1000;
    info.joins_late = 1;
    return info;
}

void Session::start(const jf_source_format& format)
{
    if (format.kind != JF_AUDIO && format.kind != JF_VIDEO)
        throw jackfield::Failure(JF_BAD_INPUT,
                                 "a source has sound and pictures; no kind " + std::to_string(format.kind));
    const bool video = format.kind == JF_VIDEO;
    if (video ? pictures_thread_.joinable() : tone_.has_value())
        throw jackfield::Failure(JF_BUSY, std::string(video ? "pictures" : "sound") + " of this source come already");
    if (video)
        start_pictures(format);
    else
        start_sound(format);
}

/// Where the other kind is by now, if it runs; the beginning if not.
std::int64_t Session::begin()
{
    const std::int64_t now_ns = host_.now_ns();
    clock_->begin(now_ns);
    return realtime_ ? std::max<std::int64_t>(0, now_ns - clock_->due_ns(0)) : 0;
}

void Session::start_sound(const jf_source_format& format)
{
    Tone tone(options_.tone_hz, format);
    tone.skip_to(begin());
    tone_ = std::move(tone);
    sound_thread_.add(*this);
}

std::int64_t Session::due_ns()
{
    return sound_.due_ns(tone_->media_ns());
}

void Session::deliver()
{
    const std::int64_t media_ns = tone_->media_ns();
    hand_on(sound_, tone_->next(), media_ns);
}

void Session::start_pictures(const jf_source_format& format)
{
    const std::uint32_t own = options_.frame_rate * 1000;
    const std::uint32_t most = format.max_frame_rate_millihertz;
    const std::int64_t millihertz = most > 0 ? std::min(own, most) : own;
    Picture picture(fitted({options_.width_px, options_.height_px}, format));
    const std::int64_t begun_ns = begin();
    pictures_thread_ = std::thread([this, millihertz, begun_ns, picture = std::move(picture)]() mutable {
        pthread_setname_np(pthread_self(), "jf-video-out");
        std::int64_t media_ns = 0;
        for (std::int64_t number = begun_ns / 1'000'000 * millihertz / 1'000'000;; ++number) {
            media_ns = number * 1'000'000'000'000 / millihertz;
            if (!pictures_.wanted(media_ns))
                continue;
            if (!pictures_.wait(media_ns))
                break;
            hand_on(pictures_, picture.at(media_ns), media_ns);
        }
        pictures_.tell_lateness();
    });
}

void Session::hand_on(jackfield::SourcePace& pace, jf_frame frame, std::int64_t media_ns)
{
    frame.time_ns = clock_->due_ns(media_ns);
    listener_.frame(frame);
    pace.delivered(media_ns);
}

} // namespace media_test
