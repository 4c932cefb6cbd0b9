// Files that several programs change. See guarded_file.hpp.

#include "kernel/contacts/guarded_file.hpp"

#include "kernel/config/report.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace jackfield::kernel {

namespace {

[[noreturn]] void give_up(const std::filesystem::path& file, const char* what)
{
    Report(file.string(), "", fmt::format("cannot be {}: {}", what, std::strerror(errno))).raise(JF_INTERNAL);
}

void write_all(const Descriptor& out, const std::string& text, const std::filesystem::path& file)
{
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = ::write(out.get(), text.data() + at, text.size() - at);
        if (written < 0 && errno != EINTR)
            give_up(file, "written");
        at += written < 0 ? 0 : static_cast<std::size_t>(written);
    }
    if (::fsync(out.get()) != 0)
        give_up(file, "written");
}

} // namespace

GuardedFolder::GuardedFolder(const std::filesystem::path& file)
{
    const auto where = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    std::error_code ignored; // opening it says what is wrong
    std::filesystem::create_directories(where, ignored);
    folder_ = Descriptor(::open(where.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder_.get() < 0 || ::flock(folder_.get(), LOCK_EX) != 0)
        give_up(file, "changed");
}

void GuardedFolder::replace(const std::filesystem::path& file, const std::string& text) const
{
    const std::string name = file.filename();
    const std::string aside = "." + name + ".new";
    ::unlinkat(folder_.get(), aside.c_str(), 0); // of one who was killed
    try {
        const Descriptor out(
            ::openat(folder_.get(), aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (out.get() < 0)
            give_up(file, "written");
        write_all(out, text, file);
        if (::renameat(folder_.get(), aside.c_str(), folder_.get(), name.c_str()) != 0 || ::fsync(folder_.get()) != 0)
            give_up(file, "written");
    } catch (const Failure&) {
        ::unlinkat(folder_.get(), aside.c_str(), 0);
        throw;
    }
}

} // namespace jackfield::kernel
