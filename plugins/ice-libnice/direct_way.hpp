// The way of the datagrams of one component once its pair is selected: straight between its sockets and its path.
// libnice gets what is its own: checks, consent, relays, and packets from elsewhere.
//
// libnice reads and writes one datagram through GLib's loop, GLib's sockets and the agent's lock. That is much more
// work than the datagram is, and the work for each grows with the number of calls.
//
// Threads: made and aimed on control; send on any, by the path, which sees to it that the way lives; the rest on the
//          loop's. Packets are read on the reader's (packet_reader.hpp).
// Lifetime: the agent's. Destroyed on the loop's thread.
#pragma once

#include "component_path.hpp"
#include "packet_reader.hpp"

#include <shared/ice/peer_address.hpp>

#include <gio/gio.h>
#include <sys/socket.h>

namespace jackfield::ice {

class DirectWay {
public:
    /// A second handle of each socket. Null if there are not enough descriptors.
    static std::unique_ptr<DirectWay> make(GlibLoop& loop, std::shared_ptr<ComponentPath> path, GPtrArray* sockets);
    DirectWay(const DirectWay&) = delete;
    DirectWay& operator=(const DirectWay&) = delete;
    ~DirectWay();

    /// Which of the sockets the selected pair is of, and where the peer is. False if it is none of ours. [control]
    bool aim(const GSocket* selected, const Endpoint& remote);

    /// Begins to read. libnice's sources of these sockets are on the loop's quiet context by now.
    void start();

    /// JF_WOULD_BLOCK, JF_UNREACHABLE. Not at the same time as `aim`.
    Status send(std::span<const jf_bytes> parts) const noexcept;

private:
    struct Leg {
        GSocket* socket; // libnice's
        int handle;      // ours: it stays open when libnice closes its own
        std::uint64_t number = 0;
    };

    DirectWay(GlibLoop& loop, std::shared_ptr<ComponentPath> path);
    bool read(const Leg& leg, std::span<std::uint8_t> buffer);
    bool is_ours(const Leg& leg, const sockaddr_storage& from, std::uint8_t first) const;
    void give_way();

    GlibLoop& loop_;
    const std::shared_ptr<ComponentPath> path_;
    std::vector<Leg> legs_;
    Wakeup wakeup_; // of libnice, by a packet that is its own

    // For senders.
    int handle_ = -1;
    sockaddr_storage destination_{};
    socklen_t destination_bytes_ = 0;

    mutable std::mutex aim_mutex_; // guards the next two, for as long as it takes to copy or compare them
    const GSocket* selected_ = nullptr;
    Endpoint remote_;
};

} // namespace jackfield::ice
