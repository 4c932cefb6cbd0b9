// Descriptors, signal handlers, folder and mask of this process. See process_watch.hpp.
#include "process_watch.hpp"

#include "kit.hpp"

#include <jackfield/testing/discovery_record.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

namespace jackfield::conformance {

namespace {

std::atomic<std::thread::id> control_thread;
std::atomic<bool> heard_elsewhere{false};

mode_t mask_now()
{
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return mask;
}

std::string folder_now()
{
    std::error_code error;
    return std::filesystem::current_path(error).string();
}

struct sigaction handler_now(int number)
{
    struct sigaction handler;
    std::memset(&handler, 0, sizeof(handler));
    ::sigaction(number, nullptr, &handler);
    return handler;
}

bool has_children()
{
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
        std::ifstream children(thread.path() / "children");
        if (children.peek() != std::ifstream::traits_type::eof())
            return true;
    }
    return false;
}

[[noreturn]] void broken(const std::string& seen)
{
    throw Broken(seen, "JF-GEN-13");
}

} // namespace

ProcessWatch::ProcessWatch() : folder_(folder_now()), mask_(mask_now()), own_(::open("/dev/null", O_RDONLY | O_CLOEXEC))
{
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, own_})
        watch(number);
    ::signal(SIGPIPE, SIG_IGN); // as every program that has sockets, and several libraries, do
    for (int number = 0; number < NSIG; ++number)
        handlers_.push_back(handler_now(number));
    control_thread = std::this_thread::get_id();
    heard_elsewhere = false;
    testing::on_record = &ProcessWatch::heard;
}

ProcessWatch::~ProcessWatch()
{
    ::close(own_);
}

void ProcessWatch::watch(int number)
{
    struct stat now{};
    if (::fstat(number, &now) == 0)
        descriptors_.push_back({number, now.st_dev, now.st_ino});
}

void ProcessWatch::heard()
{
    if (std::this_thread::get_id() != control_thread.load())
        heard_elsewhere = true;
}

void ProcessWatch::check() const
{
    for (const auto& [number, device, inode] : descriptors_) {
        struct stat now{};
        if (::fstat(number, &now) != 0 || now.st_dev != device || now.st_ino != inode)
            broken("the plugin closed a descriptor that is not its own");
    }
    for (int number = 1; number < NSIG; ++number) {
        const struct sigaction now = handler_now(number);
        if (now.sa_handler != handlers_[static_cast<std::size_t>(number)].sa_handler)
            broken(std::string("the plugin changed what happens on the signal ") + strsignal(number));
    }
    if (folder_now() != folder_)
        broken("the plugin changed the working directory to " + folder_now());
    if (mask_now() != mask_)
        broken("the plugin changed the umask");
    if (has_children())
        broken("the plugin left a process running that it had started");
    if (heard_elsewhere)
        throw Broken("an event or an end came on another thread than the control thread", "JF-GEN-12");
}

} // namespace jackfield::conformance
