// Packets on their way, and the thread that lets each go when its time has come.
//
// Threads:  put and unblock on any thread; outlets deliver on the carrier's thread, and on the one that calls close.
// Lifetime: the plugin instance's; an outlet is closed before it goes away.
#pragma once

#include <jackfield/path.hpp>
#include <shared/impairment/fate.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace path_impair {

using shared_impairment::Fate;
using shared_impairment::FateTeller;
using shared_impairment::Options;
using shared_impairment::Time;

struct Parcel {
    Time at{}; // on the steady clock
    std::uint64_t order = 0;
    std::uint32_t ecn = JF_ECN_UNKNOWN;
    jackfield::Status end = JF_OK; // not a packet but the end of the path, with this status
    jackfield::Bytes bytes;        // the packet, or why it ended
};

/// Where the parcels of one direction of one path come out.
class Outlet {
public:
    virtual ~Outlet() = default;

    /// No lock is held. JF_WOULD_BLOCK: keep it until unblock.
    virtual jackfield::Status deliver(const Parcel& parcel) noexcept = 0;

    /// There is room again, once after `want`. No lock is held.
    virtual void has_room() noexcept {}

private:
    friend class Carrier;
    std::vector<Parcel> heap_; // the next one is in front
    bool blocked_ = false;
    bool wanted_ = false;
    bool closed_ = false;
};

class Carrier {
public:
    /// So many parcels may be on their way through one outlet.
    explicit Carrier(std::size_t limit);
    Carrier(const Carrier&) = delete;
    Carrier& operator=(const Carrier&) = delete;
    ~Carrier();

    void add(Outlet& outlet);

    /// A copy of the parts comes out at that time. JF_EXHAUSTED: too many are on their way. JF_CLOSED.
    jackfield::Status put(Outlet& outlet, std::span<const jf_bytes> parts, std::uint32_t ecn, Time at);

    /// The path ends, after all that is on its way.
    void put_end(Outlet& outlet, jackfield::Status status, std::string_view text, Time at);

    void unblock(Outlet& outlet);

    /// A put was refused: has_room follows when the next parcel has come out. False if none is on its way any more:
    /// then there is room now.
    bool want(Outlet& outlet);

    /// Nothing comes out any more once this returns; before that, what is on its way if `let_go`.
    void close(Outlet& outlet, bool let_go);

private:
    void run();
    Outlet* next() const;
    Parcel take_front(Outlet& outlet);
    void push(Outlet& outlet, Parcel parcel);
    void hand_out(Outlet& outlet, std::unique_lock<std::mutex>& lock);

    std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Outlet*> outlets_;
    std::vector<jackfield::Bytes> spare_; // buffers that have come back: once warm, nothing is allocated
    Outlet* delivering_ = nullptr;
    std::uint64_t order_ = 0;
    bool stop_ = false;
    std::thread thread_; // last: it uses all the above
};

/// The clock by which parcels travel.
Time steady_now();

} // namespace path_impair
