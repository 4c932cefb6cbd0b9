// An opened source. See source_session.hpp.

#include "source_session.hpp"

#include "file_reader.hpp"

namespace media_ffmpeg {

namespace {

// Opening a source is one call on the control thread: it may wait for a disk, but no longer than this.
constexpr std::chrono::milliseconds kProbeLimit{2000};

} // namespace

FileSourceSession::FileSourceSession(jackfield::Host host, LeavingThreads& leaving, std::string name, OpenSource how,
                                     const TestOptions& test, jackfield::SourceListener listener)
    : leaving_(leaving), name_(std::move(name)), how_(how), listener_(listener), scope_(host)
{
    try {
        if (name_ == kTestName)
            open_test(test);
        else
            open_file();
    } catch (...) {
        end();
        throw;
    }
}

void FileSourceSession::open_test(const TestOptions& test)
{
    info_ = describe_test(test);
    for (const std::uint32_t kind : {JF_AUDIO, JF_VIDEO})
        prepare(kind, [test, kind](const StopFlag&) { return make_test_reader(test, kind); });
}

void FileSourceSession::open_file()
{
    std::shared_ptr<std::unique_ptr<Input>> opened = std::make_shared<std::unique_ptr<Input>>(run_within(
        kProbeLimit, leaving_,
        in_quotes(name_) + ": could not be looked into within two seconds; a file on a faster disk would work",
        [name = name_](StopFlag stop) { return std::make_unique<Input>(name, std::move(stop)); }));
    info_ = (*opened)->describe();
    // What was opened serves the first track. The second reads the file on its own: two threads, two demuxers.
    const auto reader_of = [this, &opened](std::uint32_t kind) -> SourceTrack::MakeReader {
        return [name = name_, kind, mine = std::exchange(opened, nullptr)](StopFlag stop) {
            auto input = mine ? std::move(*mine) : std::make_unique<Input>(name, stop);
            input->obey(stop);
            return std::make_unique<FileReader>(std::move(input), kind, std::move(stop));
        };
    };
    if (info_.has_audio != 0)
        prepare(JF_AUDIO, reader_of(JF_AUDIO));
    if (info_.has_video != 0)
        prepare(JF_VIDEO, reader_of(JF_VIDEO));
}

void FileSourceSession::prepare(std::uint32_t kind, SourceTrack::MakeReader make_reader)
{
    const bool both = info_.has_audio != 0 && info_.has_video != 0;
    const SourceTrack::Plan plan{kind, how_.realtime, how_.loop, both ? info_.duration_ns : 0};
    auto& slot = kind == JF_VIDEO ? video_ : audio_;
    slot.track = std::make_shared<SourceTrack>(
        scope_.host(), plan, clock_, listener_, [this, kind](jackfield::Status status, const std::string& text) {
            scope_.post([this, kind, status, text] { listener_.ended(kind, status, text); });
        });
    slot.worker = slot.track->prepare(std::move(make_reader));
}

FileSourceSession::~FileSourceSession()
{
    end();
}

void FileSourceSession::end()
{
    scope_.end();
    for (auto* slot : {&audio_, &video_}) {
        if (slot->track)
            slot->track->stop();
    }
    for (auto* slot : {&audio_, &video_}) {
        if (slot->worker)
            leaving_.take(std::move(*slot->worker));
    }
}

void FileSourceSession::start(const jf_source_format& format)
{
    if (format.kind != JF_AUDIO && format.kind != JF_VIDEO)
        throw jackfield::Failure(JF_BAD_INPUT,
                                 "a source has sound and pictures; no kind " + std::to_string(format.kind));
    const bool video = format.kind == JF_VIDEO;
    const auto& track = video ? video_.track : audio_.track;
    if (!track)
        throw jackfield::Failure(JF_NOT_FOUND, in_quotes(name_) + ": holds no " + (video ? "pictures" : "sound"));
    if (track->started())
        throw jackfield::Failure(JF_BUSY, std::string(video ? "pictures" : "sound") + " of this source come already");
    clock_->begin(scope_.host().now_ns());
    track->start(format);
}

} // namespace media_ffmpeg
