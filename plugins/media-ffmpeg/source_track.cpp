// One kind of media on its way out of a file. See source_track.hpp.

#include "source_track.hpp"

#include <pthread.h>

namespace media_ffmpeg {

namespace {
// A track that is further behind than this gives up catching up: a burst would only hurt the receiver.
constexpr std::int64_t kMostBehindNs = kNanosecondsPerSecond / 5;
} // namespace

SourceTrack::SourceTrack(jackfield::Host host, std::string name, const jf_source_format& format, Pace pace,
                         jackfield::SourceListener listener, Ended ended)
    : host_(host),
      name_(std::move(name)),
      format_(format),
      pace_(pace),
      listener_(listener),
      ended_(std::move(ended)),
      first_(std::make_unique<FileReader>(name_, format_, stop_)),
      thread_([this] { run(); })
{}

SourceTrack::~SourceTrack()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    stopped_.notify_all();
    thread_.join();
}

void SourceTrack::run()
{
    pthread_setname_np(pthread_self(), format_.kind == JF_VIDEO ? "jf-video-out" : "jf-audio-out");
    jf_error error = jackfield::no_error();
    const auto status = jackfield::guarded(&error, [this] {
        std::int64_t offset_ns = 0;
        while (play_once(offset_ns) && pace_.loop) {
        }
    });
    if (!stop_)
        ended_(status, error.text);
}

/// False if it was stopped. The offset grows by the length of what was played.
bool SourceTrack::play_once(std::int64_t& offset_ns)
{
    const auto reader = first_ ? std::move(first_) : std::make_unique<FileReader>(name_, format_, stop_);
    const Frame frame = make_frame();
    std::int64_t time_ns = 0;
    std::int64_t length_ns = 0;
    while (reader->next(frame.get(), time_ns)) {
        const std::int64_t due_ns = pace_.start_ns + offset_ns + time_ns;
        if (pace_.realtime && !wait_until(due_ns))
            return false;
        deliver(*frame, pace_.start_ns + offset_ns + time_ns);
        const std::int64_t frame_ns = frame->nb_samples > 0
                                          ? frame->nb_samples * kNanosecondsPerSecond / frame->sample_rate
                                          : kNanosecondsPerSecond / 30;
        length_ns = std::max(length_ns, time_ns + frame_ns);
        av_frame_unref(frame.get());
    }
    offset_ns += length_ns;
    return !stop_;
}

bool SourceTrack::wait_until(std::int64_t due_ns)
{
    const std::int64_t behind_ns = host_.now_ns() - due_ns;
    if (behind_ns > kMostBehindNs)
        pace_.start_ns += behind_ns; // the rest comes later by as much
    std::unique_lock lock(mutex_);
    const auto due = std::chrono::steady_clock::now() + std::chrono::nanoseconds(std::max<std::int64_t>(0, -behind_ns));
    return !stopped_.wait_until(lock, due, [this] { return stop_.load(); });
}

void SourceTrack::deliver(const AVFrame& source, std::int64_t time_ns)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = format_.kind;
    frame.time_ns = time_ns;
    if (format_.kind == JF_AUDIO) {
        frame.samples = reinterpret_cast<const float*>(source.data[0]);
        frame.sample_rate_hz = static_cast<std::uint32_t>(source.sample_rate);
        frame.channels = static_cast<std::uint32_t>(source.ch_layout.nb_channels);
        frame.samples_per_channel = static_cast<std::uint32_t>(source.nb_samples);
    } else {
        frame.width_px = static_cast<std::uint32_t>(source.width);
        frame.height_px = static_cast<std::uint32_t>(source.height);
        for (int plane = 0; plane < 3; ++plane) {
            frame.planes[plane] = source.data[plane];
            frame.strides_bytes[plane] = static_cast<std::uint32_t>(source.linesize[plane]);
        }
    }
    listener_.frame(frame);
}

} // namespace media_ffmpeg
