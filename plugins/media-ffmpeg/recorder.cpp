// A recording as the kernel holds it. See recorder.hpp.

#include "recorder.hpp"

#include <pthread.h>

namespace media_ffmpeg {

namespace {

constexpr std::chrono::milliseconds kOpenLimit{2000}; // on control: see source_session.cpp

std::string name_of_number(const std::string& asked, const std::string& got)
{
    return "recording to " + in_quotes(got) + ", because " + in_quotes(asked) + " is there already";
}

} // namespace

Recorder::Recorder(jackfield::Host host, LeavingThreads& leaving, const std::string& name, OpenSink what,
                   const RecordOptions& options)
    : BothSidesSession(host), leaving_(leaving), end_(std::make_shared<End>())
{
    const FileKind kind = kind_of(name);
    auto output = run_within(
        kOpenLimit, leaving,
        in_quotes(name) + ": could not be opened within two seconds; a file on a faster disk would work",
        [name, existing = options.existing](const StopFlag&) { return std::make_unique<Output>(name, existing); });
    if (output->name() != name)
        host_.info(name_of_number(name, output->name()));
    recording_ = std::make_shared<Recording>(host, std::move(output), kind, what, options);
    worker_.emplace([host, recording = recording_, end = end_] { work(host, *recording, *end); });
}

Recorder::~Recorder()
{
    std::optional<jackfield::Completion> unanswered;
    {
        const std::lock_guard lock(end_->mutex);
        end_->released = true;
        unanswered = std::move(end_->done);
        end_->done.reset();
    }
    if (!finishing_)
        recording_->give_up();
    recording_.reset();
    leaving_.take(std::move(*worker_));
}

jackfield::Status Recorder::write(const jf_frame& frame) noexcept
{
    return recording_->queue().put(frame, Side::peer);
}

jackfield::Status Recorder::write_own(const jf_frame& frame) noexcept
{
    return recording_->queue().put(frame, Side::own);
}

void Recorder::finish(jackfield::Completion done)
{
    if (std::exchange(finishing_, true))
        return done.fail(JF_CLOSED, "the recording is being finished already");
    {
        const std::lock_guard lock(end_->mutex);
        end_->done.emplace(std::move(done));
    }
    recording_->queue().close();
}

// --- on the worker --------------------------------------------------------------------------------------------------

void Recorder::work(jackfield::Host host, Recording& recording, End& end)
{
    pthread_setname_np(pthread_self(), "jf-recorder");
    std::string text;
    const auto status = recording.run(text);
    const auto dropped = recording.queue().dropped();
    const std::lock_guard lock(end.mutex);
    if (end.released)
        return;
    if (dropped.sound + dropped.pictures > 0)
        host.warning("the recording lacks " + std::to_string(dropped.sound) + " frames of sound and " +
                     std::to_string(dropped.pictures) + " pictures: it was written too slowly");
    if (!end.done)
        return;
    if (status == JF_OK)
        end.done->succeed();
    else
        end.done->fail(status, text);
    end.done.reset();
}

} // namespace media_ffmpeg
