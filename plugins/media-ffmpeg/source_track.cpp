// One kind of media on its way out of a source. See source_track.hpp.

#include "source_track.hpp"

#include <pthread.h>

#include <algorithm>

namespace media_ffmpeg {

SourceTrack::SourceTrack(jackfield::Host host, Plan plan, std::shared_ptr<jackfield::SourceClock> clock,
                         jackfield::SourceListener listener, Ended ended)
    : plan_(plan),
      clock_(std::move(clock)),
      pace_(host, clock_, plan.kind == JF_VIDEO, plan.realtime),
      listener_(listener),
      ended_(std::move(ended))
{}

// --- on control -----------------------------------------------------------------------------------------------------

Worker SourceTrack::prepare(MakeReader make_reader)
{
    return Worker([self = shared_from_this(), make = std::move(make_reader)] { self->run(make); });
}

void SourceTrack::start(const jf_source_format& format)
{
    started_ = true;
    {
        const std::lock_guard lock(mutex_);
        format_ = format;
        format_.struct_size = sizeof(format_);
    }
    changed_.notify_all();
}

void SourceTrack::stop()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    pace_.stop();
    const std::lock_guard delivering(deliver_); // the frame that the listener has just now is the last
}

// --- on the track's thread ------------------------------------------------------------------------------------------

void SourceTrack::run(const MakeReader& make_reader)
{
    pthread_setname_np(pthread_self(), plan_.kind == JF_VIDEO ? "jf-video-out" : "jf-audio-out");
    jf_error error = jackfield::no_error();
    const auto status = jackfield::guarded(&error, [&] {
        const auto reader = make_reader(StopFlag(shared_from_this(), &stop_));
        if (!wait_for_start())
            return;
        reader->begin(format_);
        play(*reader);
    });
    pace_.tell_lateness();
    if (status != JF_OK && !wait_for_start())
        return;
    const std::lock_guard delivering(deliver_);
    if (!stop_)
        ended_(status, error.text);
}

bool SourceTrack::wait_for_start()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_ || format_.struct_size != 0; });
    return !stop_;
}

void SourceTrack::play(FrameReader& reader)
{
    std::int64_t offset_ns = 0;
    std::int64_t length_ns = 0;
    while (play_round(reader, offset_ns, length_ns) && plan_.loop && length_ns > 0) { // nothing again would be nothing
        offset_ns += plan_.period_ns > 0 ? plan_.period_ns : length_ns;
        length_ns = 0;
        reader.rewind();
    }
}

/// False if it was stopped.
bool SourceTrack::play_round(FrameReader& reader, std::int64_t offset_ns, std::int64_t& length_ns)
{
    const Frame frame = make_frame();
    std::int64_t time_ns = 0;
    const auto still_wanted = [&](std::int64_t at_ns) { return pace_.wanted(offset_ns + at_ns); };
    while (!stop_ && reader.next(frame.get(), time_ns, still_wanted)) {
        if (plan_.loop && plan_.period_ns > 0 && time_ns >= plan_.period_ns)
            break;
        const std::int64_t media_ns = offset_ns + time_ns;
        if (!pace_.wait(media_ns))
            return false;
        deliver(*frame, clock_->due_ns(media_ns));
        pace_.delivered(media_ns);
        const std::int64_t frame_ns = frame->nb_samples > 0
                                          ? frame->nb_samples * kNanosecondsPerSecond / frame->sample_rate
                                          : kNanosecondsPerSecond / 30;
        length_ns = std::max(length_ns, time_ns + frame_ns);
        av_frame_unref(frame.get());
    }
    return !stop_;
}

void SourceTrack::deliver(const AVFrame& source, std::int64_t time_ns)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = plan_.kind;
    frame.time_ns = time_ns;
    if (plan_.kind == JF_AUDIO) {
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
    const std::lock_guard delivering(deliver_);
    if (!stop_)
        listener_.frame(frame);
}

} // namespace media_ffmpeg
