// What becomes of the frames of a recording. See recording.hpp.

#include "recording.hpp"

#include <algorithm>
#include <filesystem>

namespace media_ffmpeg {

namespace {

// Matroska wants to know every stream at its beginning: we wait for the kinds that will come, but not for ever.
constexpr std::int64_t kLongestWaitNs = 2 * kNanosecondsPerSecond;
constexpr std::size_t kMostHeldBytes = FrameQueue::kMostVideoBytes / 4;
constexpr std::size_t kMostHeldFrames = 120;

} // namespace

FileKind kind_of(const std::string& name)
{
    const auto end = std::filesystem::path(name).extension();
    if (end == ".mkv")
        return FileKind::mkv;
    if (end == ".webm")
        return FileKind::webm;
    throw jackfield::Failure(
        JF_BAD_INPUT, in_quotes(name) + ": cannot record into such a file; a name that ends in .mkv or .webm, or "
                                        "\"null\", would work");
}

Recording::Recording(jackfield::Host host, std::unique_ptr<Output> output, FileKind kind, OpenSink what,
                     const RecordOptions& options)
    : host_(host),
      output_(std::move(output)),
      kind_(kind),
      what_(what),
      options_(options),
      queue_(what.audio, what.video)
{}

Recording::~Recording() = default;

jackfield::Status Recording::run(std::string& text)
{
    while (auto* slot = queue_.take())
        consume(slot);
    if (!queue_.abandoned())
        attempt([this] { complete(); });
    muxer_.reset();
    const std::lock_guard lock(output_mutex_);
    output_.reset(); // another recording may take the file from here on
    text = problem_;
    return status_;
}

void Recording::give_up()
{
    queue_.abandon();
    const std::unique_lock lock(output_mutex_, std::try_to_lock);
    if (lock && output_ && !output_->begun())
        output_.reset();
}

/// Runs a step unless one failed before.
void Recording::attempt(const std::function<void()>& step)
{
    if (status_ != JF_OK)
        return;
    jf_error error = jackfield::no_error();
    status_ = jackfield::guarded(&error, [&] {
        try {
            step();
        } catch (const jackfield::Failure&) {
            if (muxer_ && muxer_->pb != nullptr && muxer_->pb->error < 0)
                output_->fail(muxer_->pb->error); // what the disk said is the reason of whatever failed above it
            throw;
        }
    });
    if (status_ != JF_OK) {
        problem_ = error.text;
        host_.error("recording stops: " + problem_);
    }
}

void Recording::consume(FrameQueue::Slot* slot)
{
    see(slot->frame);
    held_.push_back(slot);
    held_bytes_ += slot->capacity;
    if (!begun_ && status_ == JF_OK && !may_begin())
        return;
    attempt([this] {
        if (!begun_)
            begin(what_.audio, what_.video);
        write_out();
    });
    for (; !held_.empty(); held_.pop_front()) // left over by a failure
        queue_.give_back(held_.front());
}

void Recording::see(const jf_frame& frame)
{
    if (!seen_audio_ && !seen_video_)
        first_ns_ = last_ns_ = frame.time_ns;
    first_ns_ = begun_ ? first_ns_ : std::min(first_ns_, frame.time_ns);
    last_ns_ = std::max(last_ns_, frame.time_ns);
    if (frame.kind == JF_AUDIO)
        seen_audio_ = true;
    else if (!std::exchange(seen_video_, true) && !begun_)
        picture_ = upright_size(frame);
}

bool Recording::may_begin() const
{
    const bool all = (seen_audio_ || !what_.audio) && (seen_video_ || !what_.video);
    return all || last_ns_ - first_ns_ >= kLongestWaitNs || held_bytes_ >= kMostHeldBytes ||
           held_.size() >= kMostHeldFrames;
}

void Recording::begin(bool audio, bool video)
{
    const std::lock_guard lock(output_mutex_);
    if (!output_)
        return; // given up
    AVFormatContext* raw = nullptr;
    need(avformat_alloc_output_context2(&raw, nullptr, kind_ == FileKind::mkv ? "matroska" : "webm", nullptr),
         in_quotes(output_->name()), JF_INTERNAL);
    muxer_.reset(raw);
    if (video)
        video_.emplace(*muxer_, kind_, options_, picture_);
    if (audio)
        audio_.emplace(*muxer_, kind_, options_);
    muxer_->pb = output_->begin();
    muxer_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_FLUSH_PACKETS;
    muxer_->max_interleave_delta = AV_TIME_BASE; // of a kind that pauses, the other waits no longer
    write_header();
    begun_ = true;
}

// A cluster is written when it is complete. With one a second, no more than that is lost if the process is killed.
void Recording::write_header()
{
    AVDictionary* options = nullptr;
    av_dict_set(&options, "cluster_time_limit", "1000", 0);
    const int written = avformat_write_header(muxer_.get(), &options);
    av_dict_free(&options);
    need(written, in_quotes(output_->name()), JF_EXHAUSTED);
}

void Recording::write_out()
{
    while (!held_.empty()) {
        FrameQueue::Slot* slot = held_.front();
        const jf_frame& frame = slot->frame;
        const std::int64_t at_ns = std::max<std::int64_t>(0, frame.time_ns - first_ns_);
        if (frame.kind == JF_AUDIO && audio_)
            audio_->write(frame, at_ns);
        else if (frame.kind == JF_VIDEO && video_)
            video_->write(frame, at_ns);
        held_.pop_front();
        queue_.give_back(slot);
    }
}

/// Without any frame there is no recording, and no file.
void Recording::complete()
{
    if (!begun_ && held_.empty())
        return;
    if (!begun_)
        begin(seen_audio_, seen_video_);
    write_out();
    if (audio_)
        audio_->flush();
    if (video_)
        video_->flush();
    need(av_write_trailer(muxer_.get()), in_quotes(output_->name()), JF_EXHAUSTED);
    output_->close();
}

} // namespace media_ffmpeg
