// Files of private keys by POSIX calls: temporary name, fsync, rename, fsync of the folder.
//
// Threads: the caller's. Nothing here waits for another process: who comes second finds the name taken.
#include "files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>

namespace identity_x509 {

using jackfield::Failure;

namespace {

constexpr std::size_t kMaxFileBytes = 64 * 1024;
constexpr std::time_t kLeftoverAge = 60 * 60;
constexpr std::string_view kAside = ".tmp-";

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (number_ >= 0)
            ::close(number_);
    }
    int get() const { return number_; }

private:
    int number_;
};

/// The reason comes before the path: a long path may be cut, the reason and the remedy may not.
[[noreturn]] void refuse(const std::string& problem, const std::string& remedy, const std::string& path)
{
    throw Failure(JF_BAD_CONFIG, "/store: " + problem + "; " + remedy + "; looked at " + path);
}

[[noreturn]] void refuse_errno(const std::string& what, const std::string& path)
{
    const std::string reason = std::strerror(errno);
    refuse(what + ": " + reason, "choose a folder on a local disk that you may write to", path);
}

std::string octal(mode_t mode)
{
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
    return text.data();
}

bool is_empty_folder(const std::string& path)
{
    std::error_code error;
    return std::filesystem::is_empty(path, error) && !error;
}

void write_all(int file, std::string_view text, const std::string& path)
{
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            refuse_errno("a key cannot be written", path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

} // namespace

PrivateFolder::PrivateFolder(const std::string& path) : path_(path)
{
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error); // mkdir below says why
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        refuse_errno("the folder cannot be made", path);
    folder_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0)
        refuse_errno("the folder cannot be opened", path);
    struct stat found{};
    const bool known = ::fstat(folder_, &found) == 0;
    std::string problem;
    if (!known || found.st_uid != ::geteuid())
        problem = "the folder belongs to another user";
    else if ((found.st_mode & 077U) != 0 && !(is_empty_folder(path) && ::fchmod(folder_, 0700) == 0))
        problem = "other users may enter the folder of the private keys (mode " + octal(found.st_mode) + ")";
    if (!problem.empty()) {
        ::close(folder_);
        refuse(problem, "make it yours alone with chmod 700, or name another folder", path);
    }
}

PrivateFolder::~PrivateFolder()
{
    ::close(folder_);
}

bool PrivateFolder::has(const std::string& name) const
{
    struct stat found{};
    return ::fstatat(folder_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
}

std::optional<std::string> PrivateFolder::read(const std::string& name) const
{
    const Descriptor file(::openat(folder_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.get() < 0) {
        if (errno == ENOENT)
            return std::nullopt;
        refuse_errno("the key file cannot be opened", full(name));
    }
    struct stat found{};
    if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode) || found.st_uid != ::geteuid())
        refuse("the key file is not a file of yours", "put the right one back from a backup", full(name));
    if ((found.st_mode & 077U) != 0)
        refuse("other users may use this private key (mode " + octal(found.st_mode) + ")",
               "if nobody did, make it private with chmod 600; else move the store away to get a new account",
               full(name));
    std::string text;
    std::array<char, 4096> piece{};
    for (;;) {
        const ssize_t size = ::read(file.get(), piece.data(), piece.size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            refuse_errno("the key file cannot be read", full(name));
        if (size == 0)
            return text;
        text.append(piece.data(), static_cast<std::size_t>(size));
        if (text.size() > kMaxFileBytes)
            refuse("the key file is larger than 64 KiB", "put the right one back from a backup", full(name));
    }
}

std::string PrivateFolder::write_aside(const std::string& name, std::string_view text) const
{
    std::random_device random;
    const std::string aside = name + std::string(kAside) + std::to_string(::getpid()) + "-" + std::to_string(random());
    const Descriptor file(::openat(folder_, aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0)
        refuse_errno("a key file cannot be made", full(aside));
    try {
        write_all(file.get(), text, full(aside));
        if (::fchmod(file.get(), 0600) != 0 || ::fsync(file.get()) != 0)
            refuse_errno("a key file cannot be made safe", full(aside));
    } catch (...) {
        ::unlinkat(folder_, aside.c_str(), 0);
        throw;
    }
    return aside;
}

void PrivateFolder::sync() const
{
    if (::fsync(folder_) != 0)
        refuse_errno("the folder cannot be made safe", path_);
}

bool PrivateFolder::create(const std::string& name, std::string_view text) const
{
    const std::string aside = write_aside(name, text);
    // Unlike rename, link never takes a name that somebody else has got meanwhile.
    const int linked = ::linkat(folder_, aside.c_str(), folder_, name.c_str(), 0);
    int reason = errno;
#ifdef RENAME_NOREPLACE
    if (linked != 0 && reason != EEXIST) { // a file system without hard links
        if (::renameat2(folder_, aside.c_str(), folder_, name.c_str(), RENAME_NOREPLACE) == 0) {
            sync();
            return true;
        }
        reason = errno;
    }
#endif
    ::unlinkat(folder_, aside.c_str(), 0);
    if (linked != 0 && reason == EEXIST)
        return false;
    if (linked != 0) {
        errno = reason;
        refuse_errno("a key file cannot be put in place", full(name));
    }
    sync();
    return true;
}

void PrivateFolder::replace(const std::string& name, std::string_view text) const
{
    const std::string aside = write_aside(name, text);
    if (::renameat(folder_, aside.c_str(), folder_, name.c_str()) != 0) {
        const int reason = errno;
        ::unlinkat(folder_, aside.c_str(), 0);
        errno = reason;
        refuse_errno("a key file cannot be put in place", full(name));
    }
    sync();
}

void PrivateFolder::remove(const std::string& name) const
{
    ::unlinkat(folder_, name.c_str(), 0);
}

std::string PrivateFolder::stamp(const std::string& name) const
{
    struct stat found{};
    if (::fstatat(folder_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
        return {};
    return std::to_string(found.st_ino) + "-" + std::to_string(found.st_mtim.tv_sec) + "-" +
           std::to_string(found.st_mtim.tv_nsec);
}

std::vector<std::string> PrivateFolder::names() const
{
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
        std::string name = entry.path().filename().string();
        if (name.find(kAside) == std::string::npos)
            names.push_back(std::move(name));
    }
    return names;
}

/// On a description of its own: one that is shared would not exclude another thread of this process.
PrivateFolder::Turn::Turn(const PrivateFolder& folder)
    : folder_(::openat(folder.folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
{
    while (folder_ >= 0 && ::flock(folder_, LOCK_EX) != 0 && errno == EINTR) {
    }
}

PrivateFolder::Turn::~Turn()
{
    if (folder_ >= 0)
        ::close(folder_);
}

void PrivateFolder::sweep() const
{
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
        const std::string name = entry.path().filename().string();
        struct stat found{};
        if (name.find(kAside) != std::string::npos &&
            ::fstatat(folder_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
            found.st_mtime + kLeftoverAge < std::time(nullptr))
            ::unlinkat(folder_, name.c_str(), 0);
    }
}

} // namespace identity_x509
