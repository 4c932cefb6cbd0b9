// A file on its way into the download folder. See download_folder.hpp.

#include "kernel/files/download_folder.hpp"

#include "kernel/files/file_name.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

namespace jackfield::kernel {

namespace {

constexpr const char* kReceived = ".received";
constexpr const char* kReceivedBefore = ".received.before";
constexpr off_t kMostReceivedBytes = 1024 * 1024;      // then the list of before is forgotten, and another begun
constexpr std::uint64_t kHurryBytes = 8 * 1024 * 1024; // written to the file, and not on their way to the disk yet
constexpr std::size_t kMostNumbers = 10'000;           // "name (10000)": then something else is wrong

const Error kFine{JF_OK, ""};

/// For the names of files: an account's id is whatever its identity plugin makes of it.
std::string key_of(const std::string& account)
{
    Sha256 hash;
    hash.update({reinterpret_cast<const std::uint8_t*>(account.data()), account.size()});
    return hash.hex().substr(0, 16);
}

/// The name in the last line that begins so.
std::string last_name_in(const std::filesystem::path& list, const std::string& beginning)
{
    std::ifstream lines(list);
    std::string name;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(beginning))
            name = line.substr(beginning.size());
    }
    return name;
}

} // namespace

Error Download::trouble(const char* what) const
{
    const jf_status status = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? JF_EXHAUSTED : JF_INTERNAL;
    return {status,
            fmt::format("{}: \"{}\" cannot be {}: {}", settings_.folder.string(), name_, what, std::strerror(errno))};
}

std::expected<Download, Error> Download::open(const DownloadSettings& settings, const std::string& account,
                                              const FileOffer& offer, std::uint64_t promised)
{
    Download download;
    download.settings_ = settings;
    download.account_key_ = key_of(account);
    download.offer_ = offer;
    download.name_ = safe_file_name(offer.name);
    download.part_name_ = fmt::format(".{}-{}.part", download.account_key_, offer.id);
    if (download.name_.empty())
        return std::unexpected(Error{JF_BAD_INPUT, "the file has no name"});
    Error problem = download.open_folder();
    if (problem.status == JF_OK && download.received_earlier()) {
        download.complete_ = true;
        download.offset_ = offer.size;
        return download;
    }
    if (problem.status == JF_OK)
        problem = download.find_room(promised);
    if (problem.status == JF_OK)
        problem = download.open_part();
    if (problem.status == JF_OK)
        problem = download.hash_part();
    if (problem.status != JF_OK)
        return std::unexpected(problem);
    return download;
}

Error Download::open_folder()
{
    std::error_code failed;
    std::filesystem::create_directories(settings_.folder, failed); // what is wrong shows when it is opened
    folder_ = Descriptor(::open(settings_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder_ ? kFine : trouble("put there");
}

/// Its line is there, no part of it is, and the file of that name has the size.
bool Download::received_earlier() const
{
    struct stat status{};
    if (::fstatat(folder_.get(), part_name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
        return false;
    const auto beginning = fmt::format("{} {} {} ", account_key_, offer_.id, offer_.size);
    std::string name = last_name_in(settings_.folder / kReceived, beginning);
    if (name.empty())
        name = last_name_in(settings_.folder / kReceivedBefore, beginning);
    return !name.empty() && name.find('/') == std::string::npos &&
           ::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
           static_cast<std::uint64_t>(status.st_size) == offer_.size;
}

Error Download::find_room(std::uint64_t promised) const
{
    if (offer_.size > settings_.file_bytes)
        return {JF_EXHAUSTED, fmt::format("{} bytes are more than a file may have here", offer_.size)};
    std::uint64_t used = promised;
    std::uint64_t of_part = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(settings_.folder, ignored)) {
        if (!entry.is_regular_file(ignored))
            continue;
        const std::uint64_t size = entry.file_size(ignored);
        if (entry.path().filename() == part_name_)
            of_part = size;
        else
            used += size;
    }
    if (used > settings_.quota_bytes || offer_.size > settings_.quota_bytes - used)
        return {JF_EXHAUSTED, "there is no room left for files here"};
    struct statvfs disk{};
    if (::fstatvfs(folder_.get(), &disk) != 0)
        return trouble("put there");
    const std::uint64_t free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    if (offer_.size > of_part && offer_.size - of_part > free_bytes)
        return {JF_EXHAUSTED, "the disk is full here"};
    return kFine;
}

Error Download::open_part()
{
    part_ = Descriptor(::openat(folder_.get(), part_name_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!part_)
        return trouble("written");
    if (::flock(part_.get(), LOCK_EX | LOCK_NB) != 0)
        return {JF_BUSY, "this file is coming in already"};
    struct stat status{};
    if (::fstat(part_.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return trouble("written");
    offset_ = static_cast<std::uint64_t>(status.st_size);
    if (offset_ > offer_.size) {
        if (::ftruncate(part_.get(), 0) != 0)
            return trouble("written");
        offset_ = 0;
    }
    return kFine;
}

Error Download::hash_part()
{
    std::vector<std::uint8_t> buffer(1024 * 1024);
    for (std::uint64_t at = 0; at < offset_;) {
        const ssize_t got = ::pread(part_.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), offset_ - at),
                                    static_cast<off_t>(at));
        if (got <= 0)
            return trouble("read again");
        hash_.update(std::span(buffer).first(static_cast<std::size_t>(got)));
        at += static_cast<std::uint64_t>(got);
    }
    on_its_way_ = offset_;
    return kFine;
}

Error Download::write(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() > offer_.size - offset_)
        return {JF_BAD_INPUT, "more has come than was offered"};
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(part_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset_));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return trouble("written");
        hash_.update(bytes.first(static_cast<std::size_t>(put)));
        offset_ += static_cast<std::uint64_t>(put);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    hurry_to_disk();
    return kFine;
}

/// While the rest comes, so that the fsync at the end has little left to wait for. That one tells of errors, too.
void Download::hurry_to_disk()
{
    if (offset_ - on_its_way_ < kHurryBytes)
        return;
    ::sync_file_range(part_.get(), static_cast<off64_t>(on_its_way_), static_cast<off64_t>(offset_ - on_its_way_),
                      SYNC_FILE_RANGE_WRITE);
    on_its_way_ = offset_;
}

std::expected<std::filesystem::path, Error> Download::finish(const std::string& sha256)
{
    if (offset_ != offer_.size)
        return std::unexpected(Error{JF_BAD_INPUT, fmt::format("{} of {} bytes have come", offset_, offer_.size)});
    if (hash_.hex() != sha256) {
        ::unlinkat(folder_.get(), part_name_.c_str(), 0); // nothing could be built upon it
        return std::unexpected(Error{JF_BAD_INPUT, "what has come is not what was sent: SHA-256 differs"});
    }
    if (::fsync(part_.get()) != 0)
        return std::unexpected(trouble("written"));
    const auto name = move_into_place();
    if (!name)
        return std::unexpected(name.error());
    return settings_.folder / *name;
}

/// The line comes before the move: if we are killed between the two, the part is still there, and is moved next time.
Error Download::note_received(const std::string& name) const
{
    struct stat status{};
    if (::fstatat(folder_.get(), kReceived, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > kMostReceivedBytes)
        ::renameat(folder_.get(), kReceived, folder_.get(), kReceivedBefore);
    const Descriptor list(
        ::openat(folder_.get(), kReceived, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    const auto line = fmt::format("{} {} {} {}\n", account_key_, offer_.id, offer_.size, name);
    if (!list || ::write(list.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        ::fsync(list.get()) != 0)
        return trouble("noted as received");
    return kFine;
}

std::expected<std::string, Error> Download::move_into_place()
{
    for (int number = 1; number <= static_cast<int>(kMostNumbers); ++number) {
        const auto name = number == 1 ? name_ : numbered_file_name(name_, number);
        struct stat status{};
        if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        if (const Error noted = note_received(name); noted.status != JF_OK)
            return std::unexpected(noted);
        if (::renameat2(folder_.get(), part_name_.c_str(), folder_.get(), name.c_str(), RENAME_NOREPLACE) == 0) {
            ::fsync(folder_.get());
            return name;
        }
        if (errno != EEXIST)
            break;
    }
    return std::unexpected(trouble("given its name"));
}

} // namespace jackfield::kernel
