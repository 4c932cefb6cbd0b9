// Where every request arrives, by HTTP or over a WebSocket: checked against the limits, then done.
//
// Threads:  any.
// Lifetime: the server's.
#pragma once

#include "tools/rendezvous/rate_limits.hpp"
#include "tools/rendezvous/store.hpp"

#include <shared/rendezvous/wire.hpp>

namespace jackfield::rendezvous {

class Desk {
public:
    Desk(Store& store, RateLimits& rates, const Limits& limits) : store_(store), rates_(rates), limits_(limits) {}

    /// 200, or 429 with the time to wait.
    Reply admit(std::uint64_t id, const std::string& address);

    Reply put(const Request& request);

    /// The values into `values`, if the reply is 200.
    Reply get(const Request& request, std::vector<std::string>& values);

    Store& store() { return store_; }
    const Limits& limits() const { return limits_; }

private:
    Store& store_;
    RateLimits& rates_;
    const Limits limits_;
};

} // namespace jackfield::rendezvous
