// Changes of files, by inotify(7). See file_watch.hpp.

#include "kernel/executor/file_watch.hpp"

#include "kernel/descriptor.hpp"
#include "kernel/error.hpp"

#include <asio/posix/stream_descriptor.hpp>

#include <fmt/format.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace jackfield::kernel {

namespace {

// A file that is written in place, or renamed into its place; one that is taken away.
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

[[noreturn]] void give_up(const std::filesystem::path& folder)
{
    throw Failure(JF_UNREACHABLE,
                  fmt::format("{}: cannot be watched for changes: {}", folder.string(), std::strerror(errno)));
}

Descriptor watch_of(const std::filesystem::path& folder)
{
    Descriptor inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify || ::inotify_add_watch(inotify.get(), folder.c_str(), kEvents) < 0)
        give_up(folder);
    return inotify;
}

} // namespace

struct FileWatch::Reader : std::enable_shared_from_this<Reader> {
    Reader(asio::io_context& control, Descriptor descriptor, std::vector<std::string> file_names)
        : inotify(std::move(descriptor)), loop(control, ::dup(inotify.get())), names(std::move(file_names))
    {}

    void wait()
    {
        loop.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const asio::error_code& problem) {
                            if (!problem && self->changed)
                                self->look();
                        });
    }

    void look()
    {
        bool ours = false;
        bool gone = false;
        alignas(inotify_event) std::array<char, 4096> bytes{};
        for (;;) {
            const ssize_t size = ::read(inotify.get(), bytes.data(), bytes.size());
            if (size <= 0)
                break;
            for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
                const auto* const event = reinterpret_cast<const inotify_event*>(bytes.data() + at);
                at += sizeof(inotify_event) + event->len;
                gone = gone || (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0;
                ours = ours || (event->mask & IN_Q_OVERFLOW) != 0 ||
                       (event->len != 0 && std::ranges::find(names, event->name) != names.end());
            }
        }
        if (!gone)
            wait();
        const auto tell = gone ? lost : changed; // a copy: its owner may destroy us inside of it
        if (gone || ours)
            tell();
    }

    Descriptor inotify;
    asio::posix::stream_descriptor loop; // waits; a number of its own for the same thing
    std::vector<std::string> names;
    std::function<void()> changed; // empty once our owner has gone
    std::function<void()> lost;
};

FileWatch::FileWatch(asio::io_context& control, const std::filesystem::path& folder, std::vector<std::string> names,
                     std::function<void()> changed, std::function<void()> lost)
    : reader_(std::make_shared<Reader>(control, watch_of(folder), std::move(names)))
{
    reader_->changed = std::move(changed);
    reader_->lost = std::move(lost);
    reader_->wait();
}

FileWatch::~FileWatch()
{
    reader_->changed = nullptr;
    asio::error_code ignored;
    reader_->loop.close(ignored);
}

} // namespace jackfield::kernel
