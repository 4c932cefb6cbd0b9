// Step 8: a call whose media goes through a relay, and may find a direct way later: a firewall has been opened, the
// machine has come to another network.
//
// Nobody is told when a way that was shut opens, so the caller looks: a second after media has gone through a relay
// (which is often just quicker: libnice then drops checks of direct ways that it has not sent yet), three seconds
// later, then after twice as long each time, at most five minutes. A look is a restart of ICE (RFC 8445 section 9): one
// offer, checks, and media goes on meanwhile as it did. Whoever's addresses have changed looks a second later.
//
// Not done where one end names relays alone (its user wants it so), where connectivity cannot restart, while the call
// looks for its peer (recovery.hpp), and of a call that goes directly: another direct way need not be better.
//
// Threads:  [control].
// Lifetime: on the frame of the flow that keeps the call alive, which owns what is referred to here.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"
#include "kernel/flow/live_media.hpp"

#include <optional>

namespace jackfield::kernel {

class BetterWay {
public:
    BetterWay(Environment& node, Call& call, Leg& leg, LiveMedia& live)
        : node_(node), call_(call), leg_(leg), live_(live), network_changes_(node.network_changes)
    {}
    BetterWay(const BetterWay&) = delete;
    BetterWay& operator=(const BetterWay&) = delete;

    /// Whenever something may have happened. `recovering`: the call has lost its way, and looks for any.
    void look(bool recovering);

    /// When to look again, whatever happens.
    TimePoint next() const { return at_.value_or(TimePoint::max()); }

private:
    Environment& node_;
    Call& call_;
    Leg& leg_;
    LiveMedia& live_;
    std::uint64_t network_changes_;
    std::optional<TimePoint> at_;
    std::chrono::milliseconds pause_ = limits::kDirectFirstLook;
};

} // namespace jackfield::kernel
