// An opened media file. See input.hpp.

#include "input.hpp"

#include "conversion.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

namespace media_ffmpeg {

namespace {

constexpr int kReadBytes = 64 * 1024;
constexpr int kLargestSide = 8192; // a file of a few bytes can announce pictures of gigabytes
constexpr std::string_view kAdvice = "; a file that ffprobe understands would work";

[[noreturn]] void refuse(const std::string& name, const std::string& problem, jackfield::Status status = JF_BAD_INPUT)
{
    throw jackfield::Failure(status, in_quotes(name) + ": cannot be read as media: " + problem + std::string(kAdvice));
}

int read_bytes(int fd, std::uint8_t* to, int size)
{
    ssize_t got = 0;
    do {
        got = ::read(fd, to, static_cast<std::size_t>(size));
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return AVERROR(errno);
    return got == 0 ? AVERROR_EOF : static_cast<int>(got);
}

std::int64_t seek_bytes(int fd, std::int64_t offset, int whence)
{
    if ((whence & AVSEEK_SIZE) != 0) {
        struct stat info{};
        return fstat(fd, &info) == 0 ? info.st_size : AVERROR(errno);
    }
    const auto reached = ::lseek(fd, offset, whence & ~AVSEEK_FORCE);
    return reached < 0 ? AVERROR(errno) : reached;
}

/// What leads to other files or to the network.
bool only_points_elsewhere(const AVInputFormat& format)
{
    constexpr std::array<std::string_view, 8> kPointers{"sdp", "rtsp", "hls", "dash", "concat", "imf", "image2", "rtp"};
    return std::ranges::find(kPointers, std::string_view(format.name)) != kPointers.end();
}

/// Files without a steady rate often name that of their clock instead, which no encoder believes.
std::uint32_t rate_of(AVRational rate)
{
    constexpr double kMost = 240;
    const double hertz = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
    return hertz > 0 && hertz <= kMost ? std::max(1000U, static_cast<std::uint32_t>(std::lround(hertz * 1000)))
                                       : 30'000;
}

} // namespace

Input::Input(const std::string& name, StopFlag stop) : name_(name), stop_(std::move(stop))
{
    open_file();
    try {
        open_demuxer();
    } catch (...) {
        demuxer_.reset();
        ::close(fd_);
        throw;
    }
}

Input::~Input()
{
    demuxer_.reset();
    ::close(fd_);
}

// Only ordinary files. A pipe or a device would block, or do something, when it is merely opened.
void Input::open_file()
{
    struct stat info{};
    if (name_.find('\0') != std::string::npos || stat(name_.c_str(), &info) != 0)
        throw jackfield::Failure(JF_NOT_FOUND, in_quotes(name_) +
                                                   ": no such file; looked from the working folder; the path of a "
                                                   "media file, or \"test\", would work");
    if (S_ISREG(info.st_mode))
        fd_ = ::open(name_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    else
        errno = ENOTSUP;
    if (fd_ >= 0 && (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode))) {
        ::close(fd_);
        fd_ = -1;
        errno = ENOTSUP;
    }
    if (fd_ < 0 && errno == ENOTSUP)
        throw jackfield::Failure(JF_BAD_INPUT,
                                 in_quotes(name_) + ": not an ordinary file; a media file, or \"test\", would work");
    if (fd_ < 0)
        refuse(name_, words_of(AVERROR(errno)));
    flock(fd_, LOCK_SH | LOCK_NB); // so that nothing records over it; a disk without locks goes without
}

void Input::open_demuxer()
{
    auto* buffer = static_cast<unsigned char*>(av_malloc(kReadBytes));
    io_.reset(avio_alloc_context(
        buffer, kReadBytes, 0, this,
        [](void* self, std::uint8_t* to, int size) {
            const auto& input = *static_cast<Input*>(self);
            return *input.stop_ ? AVERROR_EXIT : read_bytes(input.fd_, to, size);
        },
        nullptr,
        [](void* self, std::int64_t offset, int whence) {
            return seek_bytes(static_cast<Input*>(self)->fd_, offset, whence);
        }));
    AVFormatContext* raw = avformat_alloc_context();
    if (!io_ || raw == nullptr)
        throw std::bad_alloc();
    raw->pb = io_.get();
    raw->interrupt_callback = {[](void* self) -> int { return *static_cast<Input*>(self)->stop_ ? 1 : 0; }, this};
    raw->io_open = [](AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); };
    // The demuxers guess by the end of the name, too; the rest of it is nothing to them.
    const std::string url = "media" + std::filesystem::path(name_).extension().string();
    const AVInputFormat* format = nullptr;
    int result = av_probe_input_buffer2(io_.get(), &format, url.c_str(), nullptr, 0, 0);
    if (result >= 0 && only_points_elsewhere(*format)) {
        avformat_free_context(raw);
        refuse(name_, "it only points to other files or to the network");
    }
    if (result < 0)
        avformat_free_context(raw);
    else
        result = avformat_open_input(&raw, url.c_str(), format, nullptr); // frees it if it fails
    if (result < 0)
        refuse(name_, words_of(result));
    demuxer_.reset(raw);
    result = avformat_find_stream_info(raw, nullptr);
    if (result < 0)
        refuse(name_, words_of(result));
    if (stream(AVMEDIA_TYPE_AUDIO) == nullptr && stream(AVMEDIA_TYPE_VIDEO) == nullptr)
        refuse(name_, "it holds neither sound nor pictures");
}

AVStream* Input::stream(AVMediaType type) const
{
    const int number = av_find_best_stream(demuxer_.get(), type, -1, -1, nullptr, 0);
    if (number < 0)
        return nullptr;
    AVStream* found = demuxer_->streams[number];
    const auto& parameters = *found->codecpar;
    const bool cover = (found->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0; // a still, no film
    const bool empty = parameters.format < 0; // announced, but nothing of it could be decoded
    const bool vast = parameters.width > kLargestSide || parameters.height > kLargestSide;
    return cover || empty || vast ? nullptr : found;
}

std::int64_t Input::start_ns() const
{
    std::int64_t start = AV_NOPTS_VALUE;
    for (const auto type : {AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO}) {
        const AVStream* found = stream(type);
        if (found == nullptr || found->start_time == AV_NOPTS_VALUE)
            continue;
        const std::int64_t here = to_ns(found->start_time, found->time_base);
        start = start == AV_NOPTS_VALUE ? here : std::min(start, here);
    }
    return start == AV_NOPTS_VALUE ? 0 : start;
}

jf_source_info Input::describe() const
{
    jf_source_info info{};
    info.struct_size = sizeof(info);
    if (const AVStream* audio = stream(AVMEDIA_TYPE_AUDIO)) {
        info.has_audio = 1;
        info.sample_rate_hz = static_cast<std::uint32_t>(std::max(audio->codecpar->sample_rate, 0));
        info.channels = static_cast<std::uint32_t>(std::max(audio->codecpar->ch_layout.nb_channels, 0));
    }
    if (AVStream* video = stream(AVMEDIA_TYPE_VIDEO)) {
        const AVRational rate = av_guess_frame_rate(demuxer_.get(), video, nullptr);
        const AVRational aspect = av_guess_sample_aspect_ratio(demuxer_.get(), video, nullptr);
        const auto size =
            shown_size({video->codecpar->width, video->codecpar->height}, aspect, turn_of(*video), jf_source_format{});
        info.has_video = 1;
        info.width_px = static_cast<std::uint32_t>(size.width);
        info.height_px = static_cast<std::uint32_t>(size.height);
        info.frame_rate_millihertz = rate_of(rate);
    }
    if (demuxer_->duration > 0)
        info.duration_ns = to_ns(demuxer_->duration, AV_TIME_BASE_Q);
    return info;
}

} // namespace media_ffmpeg
