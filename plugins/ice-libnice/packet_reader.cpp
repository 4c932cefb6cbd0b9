// See packet_reader.hpp.
#include "packet_reader.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace jackfield::ice {

namespace {

constexpr std::size_t kLargestDatagram = 65536;
constexpr std::size_t kEventsAtOnce = 64;
constexpr std::uint64_t kStop = 0; // the number of no socket

} // namespace

PacketReader::PacketReader()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), buffer_(kLargestDatagram)
{
    epoll_event stop{EPOLLIN, {.u64 = kStop}};
    if (epoll_ < 0 || stop_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_, &stop) != 0) {
        const std::string why = std::strerror(errno);
        close(epoll_);
        close(stop_);
        throw Failure(JF_EXHAUSTED, "the sockets of media cannot be read: " + why);
    }
}

PacketReader::~PacketReader()
{
    if (thread_.joinable()) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = write(stop_, &one, sizeof(one)); // an eventfd takes that
        thread_.join();
    }
    close(epoll_);
    close(stop_);
}

std::uint64_t PacketReader::watch(int socket, Readable readable)
{
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable())
        thread_ = std::thread([this] { run(); });
    const std::uint64_t number = ++last_;
    auto& watched = watched_[number] = {socket, std::move(readable), false};
    if (!listen(number, watched)) {
        const std::string why = std::strerror(errno);
        watched_.erase(number);
        throw Failure(JF_EXHAUSTED, "a socket of media cannot be read: " + why);
    }
    return number;
}

bool PacketReader::listen(std::uint64_t number, Watched& watched)
{
    epoll_event event{EPOLLIN, {.u64 = number}};
    watched.listening = epoll_ctl(epoll_, EPOLL_CTL_ADD, watched.socket, &event) == 0;
    return watched.listening;
}

void PacketReader::resume(std::uint64_t number)
{
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(number);
    if (found != watched_.end() && !found->second.listening)
        listen(number, found->second);
}

void PacketReader::unwatch(std::uint64_t number)
{
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(number);
    if (found == watched_.end())
        return;
    if (found->second.listening)
        epoll_ctl(epoll_, EPOLL_CTL_DEL, found->second.socket, nullptr);
    watched_.erase(found);
}

void PacketReader::run()
{
    pthread_setname_np(pthread_self(), "jf-ice-media");
    std::array<epoll_event, kEventsAtOnce> events;
    for (;;) {
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const std::uint64_t number = events[static_cast<std::size_t>(i)].data.u64;
            if (number == kStop)
                return;
            read(number);
        }
    }
}

/// It may have been unwatched since epoll spoke of it: then the number is nobody's.
void PacketReader::read(std::uint64_t number)
{
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(number);
    if (found == watched_.end() || !found->second.listening || found->second.readable(buffer_))
        return;
    found->second.listening = false;
    epoll_ctl(epoll_, EPOLL_CTL_DEL, found->second.socket, nullptr);
}

} // namespace jackfield::ice
