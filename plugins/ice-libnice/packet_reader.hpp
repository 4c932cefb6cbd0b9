// Reads sockets on a thread of its own, without GLib: a GLib loop looks at everything it has for each packet, and a
// node with a hundred calls has much.
//
// Threads: watch, unwatch and exclusively on the GLib loop's; what is watched is called on the reader's.
// Lifetime: outlives every watched socket. The thread begins with the first one.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <thread>

namespace jackfield::ice {

class PacketReader {
public:
    /// Reads what there is into the buffer and hands it on. False: no more until `resume`. Must not call back.
    using Readable = std::function<bool(std::span<std::uint8_t> buffer)>;

    /// Throws Failure.
    PacketReader();
    PacketReader(const PacketReader&) = delete;
    PacketReader& operator=(const PacketReader&) = delete;
    ~PacketReader();

    /// The number by which it is resumed and unwatched. Throws Failure if the system has no room.
    std::uint64_t watch(int socket, Readable readable);
    void resume(std::uint64_t number);

    /// It is not called after this returns. The socket is still open.
    void unwatch(std::uint64_t number);

    /// Nothing is read meanwhile.
    void exclusively(const std::function<void()>& task)
    {
        const std::lock_guard lock(mutex_);
        task();
    }

private:
    struct Watched {
        int socket;
        Readable readable;
        bool listening; // epoll knows it
    };

    void run();
    void read(std::uint64_t number);
    bool listen(std::uint64_t number, Watched& watched);

    int epoll_;
    int stop_;
    Bytes buffer_;     // [reader] the largest datagram there is
    std::mutex mutex_; // held while one socket is read
    std::map<std::uint64_t, Watched> watched_;
    std::uint64_t last_ = 0;
    std::thread thread_;
};

} // namespace jackfield::ice
