// A recording. See recorder.hpp.

#include "recorder.hpp"

#include <pthread.h>

#include <filesystem>

namespace media_ffmpeg {

namespace {

// A disk that stalls for three seconds loses nothing; one that stalls longer loses frames, not the call.
constexpr std::size_t kAudioSlots = 150;
constexpr std::size_t kVideoSlots = 90;
constexpr std::size_t kAudioSlotBytes = 48000 / 50 * 2 * sizeof(float);

std::size_t plane_rows(const jf_frame& frame, int plane)
{
    return plane == 0 ? frame.height_px : (frame.height_px + 1) / 2;
}

std::size_t plane_width(const jf_frame& frame, int plane)
{
    return plane == 0 ? frame.width_px : (frame.width_px + 1) / 2;
}

FileKind kind_of(const std::string& name)
{
    const auto end = std::filesystem::path(name).extension();
    if (end == ".mkv")
        return FileKind::mkv;
    if (end == ".webm")
        return FileKind::webm;
    throw jackfield::Failure(
        JF_BAD_INPUT, "\"" + name + "\": cannot record into such a file; a name that ends in .mkv or .webm would work");
}

} // namespace

void Recorder::CloseFile::operator()(AVFormatContext* file) const
{
    avio_closep(&file->pb);
    avformat_free_context(file);
}

Recorder::Recorder(jackfield::Host host, const std::string& file, RecorderOptions options)
    : SinkSession(host), name_(file), kind_(kind_of(file)), options_(options)
{
    AVFormatContext* raw = nullptr;
    need(avformat_alloc_output_context2(&raw, nullptr, kind_ == FileKind::mkv ? "matroska" : "webm", file.c_str()),
         file, JF_INTERNAL);
    file_.reset(raw);
    const int opened = avio_open(&raw->pb, ("file:" + file).c_str(), AVIO_FLAG_WRITE);
    if (opened < 0)
        throw jackfield::Failure(opened == AVERROR(ENOENT) ? JF_NOT_FOUND : JF_REFUSED,
                                 "\"" + file + "\": cannot be written: " + words_of(opened) +
                                     "; a file in a folder that exists and that we may write to would work");
    for (std::size_t i = 0; options.audio && i < kAudioSlots; ++i) {
        free_audio_.push_back(std::make_unique<Slot>());
        free_audio_.back()->bytes.reserve(kAudioSlotBytes);
    }
    for (std::size_t i = 0; options.video && i < kVideoSlots; ++i)
        free_video_.push_back(std::make_unique<Slot>());
    worker_ = std::thread([this] { run(); });
}

Recorder::~Recorder()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    worker_.join();
}

// --- on media threads -----------------------------------------------------------------------------------------------

jackfield::Status Recorder::write(const jf_frame& frame) noexcept
{
    std::unique_ptr<Slot> slot;
    auto& free = frame.kind == JF_AUDIO ? free_audio_ : free_video_;
    {
        const std::lock_guard lock(mutex_);
        if (free.empty())
            return JF_WOULD_BLOCK;
        slot = std::move(free.back());
        free.pop_back();
    }
    if (jackfield::guarded(nullptr, [&] { copy(frame, *slot); }) != JF_OK)
        return JF_EXHAUSTED;
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(slot));
    }
    changed_.notify_one();
    return JF_OK;
}

// A slot's memory grows the first time it is used, and when pictures get larger; never in between.
void Recorder::copy(const jf_frame& from, Slot& to)
{
    to.frame = from;
    to.bytes.clear();
    if (from.kind == JF_AUDIO) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(from.samples);
        to.bytes.assign(bytes, bytes + std::size_t{from.samples_per_channel} * from.channels * sizeof(float));
        to.frame.samples = reinterpret_cast<const float*>(to.bytes.data());
        return;
    }
    std::size_t offsets[3] = {};
    for (int plane = 0; plane < 3; ++plane) {
        offsets[plane] = to.bytes.size();
        for (std::size_t row = 0; row < plane_rows(from, plane); ++row) {
            const auto* line = from.planes[plane] + row * from.strides_bytes[plane];
            to.bytes.insert(to.bytes.end(), line, line + plane_width(from, plane));
        }
        to.frame.strides_bytes[plane] = static_cast<std::uint32_t>(plane_width(from, plane));
    }
    for (int plane = 0; plane < 3; ++plane)
        to.frame.planes[plane] = to.bytes.data() + offsets[plane];
}

// --- on control -----------------------------------------------------------------------------------------------------

void Recorder::finish(jackfield::Completion done)
{
    {
        const std::lock_guard lock(mutex_);
        finish_.emplace(std::move(done));
    }
    changed_.notify_all();
}

// --- on the worker --------------------------------------------------------------------------------------------------

void Recorder::run()
{
    pthread_setname_np(pthread_self(), "jf-recorder");
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stop_ || finish_ || !queue_.empty(); });
        if (!queue_.empty()) {
            auto slot = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            before_begin_.push_back(std::move(slot));
            consume(*before_begin_.back());
            lock.lock();
        } else if (finish_) {
            auto done = std::move(*finish_);
            finish_.reset();
            lock.unlock();
            complete();
            if (problem_.empty())
                done.succeed();
            else
                done.fail(JF_EXHAUSTED, problem_);
            return;
        } else {
            return; // released without finish
        }
    }
}

void Recorder::consume(Slot& newest)
{
    if (newest.frame.kind == JF_AUDIO) {
        seen_audio_ = true;
    } else if (!std::exchange(seen_video_, true)) {
        width_px_ = static_cast<int>(newest.frame.width_px);
        height_px_ = static_cast<int>(newest.frame.height_px);
    }
    jf_error error = jackfield::no_error();
    const auto status = jackfield::guarded(&error, [this] {
        if (!begun_ && may_begin(false))
            begin();
        while (begun_ && !before_begin_.empty()) {
            if (problem_.empty())
                write_out(*before_begin_.front());
            auto slot = std::move(before_begin_.front());
            before_begin_.pop_front();
            const std::lock_guard lock(mutex_);
            (slot->frame.kind == JF_AUDIO ? free_audio_ : free_video_).push_back(std::move(slot));
        }
    });
    if (status != JF_OK && problem_.empty()) {
        problem_ = error.text;
        host_.error("recording stops: " + problem_);
        begun_ = true; // slots go on to be given back
    }
}

/// Matroska wants to know every stream at its beginning: we wait for the kinds that will come, but not for ever.
bool Recorder::may_begin(bool finishing) const
{
    const bool all = (seen_audio_ || !options_.audio) && (seen_video_ || !options_.video);
    return all || finishing || before_begin_.size() >= kVideoSlots / 2;
}

void Recorder::begin()
{
    if (options_.video)
        video_.emplace(*file_, kind_, width_px_, height_px_);
    if (options_.audio)
        audio_.emplace(*file_, kind_);
    if (file_->nb_streams > 0)
        need(avformat_write_header(file_.get(), nullptr), name_, JF_EXHAUSTED);
    origin_ns_ = before_begin_.empty() ? 0 : before_begin_.front()->frame.time_ns;
    for (const auto& slot : before_begin_)
        origin_ns_ = std::min(origin_ns_, slot->frame.time_ns);
    begun_ = true;
}

void Recorder::write_out(Slot& slot)
{
    const std::int64_t at_ns = std::max<std::int64_t>(0, slot.frame.time_ns - origin_ns_);
    if (slot.frame.kind == JF_AUDIO && audio_)
        audio_->write(slot.frame, at_ns);
    else if (slot.frame.kind == JF_VIDEO && video_)
        video_->write(slot.frame, at_ns);
}

void Recorder::complete()
{
    jf_error error = jackfield::no_error();
    const auto status = jackfield::guarded(&error, [this] {
        if (!problem_.empty())
            return;
        if (!begun_)
            begin();
        for (; !before_begin_.empty(); before_begin_.pop_front())
            write_out(*before_begin_.front());
        if (audio_)
            audio_->flush();
        if (video_)
            video_->flush();
        if (file_->nb_streams > 0)
            need(av_write_trailer(file_.get()), name_, JF_EXHAUSTED);
        avio_flush(file_->pb);
        need(file_->pb->error, name_, JF_EXHAUSTED);
    });
    if (status != JF_OK)
        problem_ = error.text;
}

} // namespace media_ffmpeg
