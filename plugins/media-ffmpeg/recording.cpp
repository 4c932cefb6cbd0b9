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
    : host_(host), output_(std::move(output)), kind_(kind), what_(what), options_(options), queue_(what)
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
    see(*slot);
    held_.push_back(slot);
    held_bytes_ += slot->capacity;
    if (!begun_ && status_ == JF_OK && !may_begin())
        return;
    attempt([this] {
        if (!begun_)
            begin(what_);
        write_out();
    });
    for (; !held_.empty(); held_.pop_front()) // left over by a failure
        queue_.give_back(held_.front());
}

void Recording::see(const FrameQueue::Slot& slot)
{
    const jf_frame& frame = slot.frame;
    const bool own = slot.side == Side::own;
    if (held_.empty() && !begun_)
        first_ns_ = last_ns_ = frame.time_ns;
    first_ns_ = begun_ ? first_ns_ : std::min(first_ns_, frame.time_ns);
    last_ns_ = std::max(last_ns_, frame.time_ns);
    if (frame.kind == JF_AUDIO)
        (own ? seen_.own_audio : seen_.audio) = true;
    else if (!std::exchange(own ? seen_.own_video : seen_.video, true) && !begun_)
        sizes_[own ? 1 : 0] = upright_size(frame);
}

bool Recording::may_begin() const
{
    bool all = true;
    for (const auto side : {Side::peer, Side::own})
        all = all && (seen_.sound(side) || !what_.sound(side)) && (seen_.pictures(side) || !what_.pictures(side));
    const std::size_t sides = what_.own_audio || what_.own_video ? 2 : 1;
    return all || last_ns_ - first_ns_ >= kLongestWaitNs || held_bytes_ >= sides * kMostHeldBytes ||
           held_.size() >= sides * kMostHeldFrames;
}

void Recording::begin(const OpenSink& what)
{
    const std::lock_guard lock(output_mutex_);
    if (!output_)
        return; // given up
    AVFormatContext* raw = nullptr;
    need(avformat_alloc_output_context2(&raw, nullptr, kind_ == FileKind::mkv ? "matroska" : "webm", nullptr),
         in_quotes(output_->name()), JF_INTERNAL);
    muxer_.reset(raw);
    add_tracks(what);
    muxer_->pb = output_->begin();
    muxer_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_FLUSH_PACKETS;
    muxer_->max_interleave_delta = AV_TIME_BASE; // of a kind that pauses, the other waits no longer
    write_header();
    begun_ = true;
}

/// The peer's before ours: players begin with the first. A track that has one of the other side beside it is named.
void Recording::add_tracks(const OpenSink& what)
{
    const auto name = [](Side side, bool both) {
        return TrackName{both ? (side == Side::peer ? "peer" : "ours") : nullptr, !both || side == Side::peer};
    };
    for (const auto side : {Side::peer, Side::own}) {
        const auto number = static_cast<std::size_t>(side);
        if (what.pictures(side))
            pictures_[number].emplace(*muxer_, kind_, options_, sizes_[number],
                                      name(side, what.video && what.own_video));
    }
    const bool both = what.audio && what.own_audio;
    mixed_ = both && options_.sides == Sides::mixed;
    if (mixed_) {
        sound_[0].emplace(*muxer_, kind_, options_, true, TrackName{});
        return;
    }
    for (const auto side : {Side::peer, Side::own}) {
        if (what.sound(side))
            sound_[static_cast<std::size_t>(side)].emplace(*muxer_, kind_, options_, false, name(side, both));
    }
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
        write(*slot);
        held_.pop_front();
        queue_.give_back(slot);
    }
}

void Recording::write(const FrameQueue::Slot& slot)
{
    const auto number = static_cast<std::size_t>(slot.side);
    const std::int64_t at_ns = std::max<std::int64_t>(0, slot.frame.time_ns - first_ns_);
    if (auto& pictures = pictures_[number]; slot.frame.kind == JF_VIDEO && pictures)
        pictures->write(slot.frame, at_ns);
    if (auto& sound = sound_[mixed_ ? 0 : number]; slot.frame.kind == JF_AUDIO && sound)
        sound->write(slot.frame, slot.side, at_ns);
}

/// Without any frame there is no recording, and no file.
void Recording::complete()
{
    if (!begun_ && held_.empty())
        return;
    if (!begun_)
        begin(seen_);
    write_out();
    for (auto& sound : sound_) {
        if (sound)
            sound->flush();
    }
    for (auto& pictures : pictures_) {
        if (pictures)
            pictures->flush();
    }
    need(av_write_trailer(muxer_.get()), in_quotes(output_->name()), JF_EXHAUSTED);
    output_->close();
}

} // namespace media_ffmpeg
