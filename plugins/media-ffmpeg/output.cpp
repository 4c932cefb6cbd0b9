// The file of a recording. See output.hpp.

#include "output.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace media_ffmpeg {

namespace {

constexpr int kWriteBytes = 64 * 1024;
constexpr int kMostNumbers = 9999;
constexpr int kFlags = O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY; // a pipe without a reader must not hold us up

int write_bytes(int fd, const std::uint8_t* from, int size)
{
    for (int done = 0; done < size;) {
        const auto wrote = ::write(fd, from + done, static_cast<std::size_t>(size - done));
        if (wrote < 0 && errno != EINTR)
            return AVERROR(errno);
        done += wrote > 0 ? static_cast<int>(wrote) : 0;
    }
    return size;
}

std::string numbered(const std::string& name, int number)
{
    const std::filesystem::path path(name);
    auto other = path;
    other.replace_filename(path.stem().string() + "-" + std::to_string(number) + path.extension().string());
    return other.string();
}

} // namespace

Output::Output(const std::string& name, Existing existing) : name_(name)
{
    open(existing);
    try {
        lock();
    } catch (...) {
        ::close(fd_);
        throw;
    }
}

Output::~Output()
{
    if (fd_ < 0)
        return;
    if (created_ && !begun())
        ::unlink(name_.c_str());
    ::close(fd_);
}

void Output::open(Existing existing)
{
    if (name_.find('\0') != std::string::npos)
        throw jackfield::Failure(JF_BAD_INPUT, "the name of a recording holds a zero byte; one without would work");
    const std::string wish = name_;
    for (int number = 2; !create(name_); ++number) {
        if (existing == Existing::refuse)
            throw jackfield::Failure(JF_REFUSED, in_quotes(name_) +
                                                     ": is there already, and record_existing says \"refuse\"; another "
                                                     "name, or \"number\", would work");
        if (existing == Existing::replace)
            return open_existing();
        if (number > kMostNumbers)
            throw jackfield::Failure(JF_REFUSED, in_quotes(wish) + ": is there " + std::to_string(kMostNumbers) +
                                                     " times already; another name would work");
        name_ = numbered(wish, number);
    }
}

/// False if something of that name is there.
bool Output::create(const std::string& name)
{
    fd_ = ::open(name.c_str(), kFlags | O_CREAT | O_EXCL, 0666);
    created_ = fd_ >= 0;
    if (fd_ < 0 && errno != EEXIST)
        throw jackfield::Failure(errno == ENOENT ? JF_NOT_FOUND : JF_REFUSED,
                                 in_quotes(name) + ": cannot be written: " + words_of(AVERROR(errno)) +
                                     "; a file in a folder that exists and that we may write to would work");
    return created_;
}

void Output::open_existing()
{
    struct stat info{};
    const bool ordinary = stat(name_.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    fd_ = ordinary ? ::open(name_.c_str(), kFlags) : -1;
    if (ordinary && fd_ < 0)
        throw jackfield::Failure(JF_REFUSED, in_quotes(name_) + ": cannot be written: " + words_of(AVERROR(errno)) +
                                                 "; a file that we may write to would work");
    if (fd_ >= 0 && fstat(fd_, &info) == 0 && S_ISREG(info.st_mode))
        return;
    if (fd_ >= 0)
        ::close(fd_);
    throw jackfield::Failure(JF_REFUSED, in_quotes(name_) +
                                             ": is there already and no ordinary file; the name of a file would work");
}

void Output::lock() const
{
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        throw jackfield::Failure(JF_BUSY, in_quotes(name_) +
                                              ": is being recorded or sent at this moment; another name would work");
}

AVIOContext* Output::begin()
{
    if (::ftruncate(fd_, 0) != 0)
        fail(AVERROR(errno));
    auto* buffer = static_cast<unsigned char*>(av_malloc(kWriteBytes));
    io_.reset(avio_alloc_context(
        buffer, kWriteBytes, 1, this, nullptr,
        [](void* self, std::uint8_t* from, int size) {
            auto& output = *static_cast<Output*>(self);
            const int result = write_bytes(output.fd_, from, size);
            output.written_ += result > 0 ? result : 0;
            return result;
        },
        [](void* self, std::int64_t offset, int whence) -> std::int64_t {
            const int fd = static_cast<Output*>(self)->fd_;
            if ((whence & AVSEEK_SIZE) != 0) {
                struct stat info{};
                return fstat(fd, &info) == 0 ? info.st_size : AVERROR(errno);
            }
            const auto reached = ::lseek(fd, offset, whence & ~AVSEEK_FORCE);
            return reached < 0 ? AVERROR(errno) : reached;
        }));
    if (!io_)
        throw std::bad_alloc();
    return io_.get();
}

void Output::close()
{
    avio_flush(io_.get());
    int error = io_->error < 0 ? io_->error : 0;
    if (::close(std::exchange(fd_, -1)) != 0 && error == 0) // quotas and network disks say it here
        error = AVERROR(errno);
    if (error < 0)
        fail(error);
}

void Output::fail(int error) const
{
    throw jackfield::Failure(error == AVERROR(EIO) ? JF_INTERNAL : JF_EXHAUSTED,
                             in_quotes(name_) + ": cannot be written further: " + words_of(error) + "; " +
                                 std::to_string(written_ / 1024) +
                                 " KiB are there, and play up to their end; a disk with more room would work");
}

} // namespace media_ffmpeg
