// Many deadlines behind one host timer, which is only moved when an earlier deadline turns up.
//
// Threads: the control thread. Lifetime: whoever starts a deadline stops it, or lives as long as this object.
#pragma once

#include <jackfield/host.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace jackfield::signaling {

class Deadlines {
public:
    /// Names a running deadline; 0 names none.
    using Id = std::uint64_t;

    explicit Deadlines(Host host) : host_(host), timer_(host) {}

    Id start(Nanoseconds delay, std::function<void()> due);

    /// Also takes 0 and what has run already. Clears the id.
    void stop(Id& id);

    void stop_all();

private:
    using Key = std::pair<std::int64_t, Id>;

    void arm();
    void run();

    Host host_;
    Timer timer_;
    std::int64_t armed_for_ns_ = 0; ///< valid while timer_ runs
    Id last_id_ = 0;
    std::map<Key, std::function<void()>> waiting_;
    std::map<Id, std::int64_t> due_ns_;
};

} // namespace jackfield::signaling
