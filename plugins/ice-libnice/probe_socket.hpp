// A socket of a probe on the loop: opened without blocking, watched, closed when it goes.
//
// Threads: the loop's. Lifetime: its probe's.
#pragma once

#include "glib_loop.hpp"

#include <shared/ice/peer_address.hpp>

#include <functional>

namespace jackfield::ice {

class ProbeSocket {
public:
    ProbeSocket() = default;
    ProbeSocket(const ProbeSocket&) = delete;
    ProbeSocket& operator=(const ProbeSocket&) = delete;
    ~ProbeSocket() { close(); }

    /// SOCK_DGRAM or SOCK_STREAM, for the family of that address. Empty, or why not.
    std::string open(int type, const IpAddress& towards);

    /// Begins; a stream is connected when it becomes writable. Empty, or why not.
    std::string connect(const Endpoint& to);

    /// Of a datagram socket, once it has sent or connected. Nothing if the system does not say.
    std::optional<Endpoint> local() const;

    /// `ready` is called, again and again, while the socket is in one of those conditions. It may close the socket, not
    /// destroy it.
    void watch(GMainContext* context, GIOCondition conditions, std::function<void()> ready);

    /// What went wrong with it since it was asked last (SO_ERROR); 0 if nothing did.
    int error() const;

    int descriptor() const { return descriptor_; }
    void close();

private:
    int descriptor_ = -1;
    std::function<void()> ready_;
    SourcePtr source_;
};

/// In the words of the system, with a small letter in front.
std::string words_of(int error);

} // namespace jackfield::ice
