// A file that is to be sent. See file_id.hpp.

#include "kernel/files/file_id.hpp"

#include "kernel/files/sha256.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace jackfield::kernel {

namespace {

std::int64_t changed_ns(const struct stat& status)
{
    return status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec;
}

std::string id_of(const std::filesystem::path& file, const struct stat& status)
{
    std::error_code ignored;
    const auto place = std::filesystem::absolute(file, ignored).lexically_normal().string();
    const auto text =
        fmt::format("{}\n{}\n{}\n{}\n{}", place, status.st_dev, status.st_ino, status.st_size, changed_ns(status));
    Sha256 hash;
    hash.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return hash.hex().substr(0, 32);
}

} // namespace

bool OpenFile::unchanged() const
{
    struct stat status{};
    return ::fstat(descriptor.get(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == size &&
           kernel::changed_ns(status) == changed_ns;
}

std::expected<OpenFile, Error> open_to_send(const std::filesystem::path& file)
{
    OpenFile open;
    open.descriptor = Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status{};
    if (!open.descriptor || ::fstat(open.descriptor.get(), &status) != 0)
        return std::unexpected(Error{errno == ENOENT ? JF_NOT_FOUND : JF_BAD_INPUT,
                                     fmt::format("{} cannot be read: {}", file.string(), std::strerror(errno))});
    if (!S_ISREG(status.st_mode))
        return std::unexpected(Error{JF_BAD_INPUT, fmt::format("{} is no regular file; those can be sent, and an "
                                                               "archive made of a folder",
                                                               file.string())});
    open.name = file.filename().string();
    open.size = static_cast<std::uint64_t>(status.st_size);
    open.changed_ns = changed_ns(status);
    open.id = id_of(file, status);
    return open;
}

} // namespace jackfield::kernel
