// Step 8: a call that has lost its way to the peer, and finds another: over the link that is kept, or a new one to the
// same device, both ends restart ICE (RFC 8445 section 9), and media goes on where it was.
//
//   trouble -> reconnecting -> (another link, the call moves to it) -> offer with new credentials -> reconnected
//
// What counts as trouble: ICE has failed (consent lost, RFC 7675); the address that media stood on has gone; the link
// has broken, or gives no sign of life. Silence is only a reason to ask: a peer may have nothing to say.
//
// Threads:  [control].
// Lifetime: on the frame of the flow that keeps the call alive, which owns what is referred to here.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"
#include "kernel/flow/live_media.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

class Recovery {
public:
    Recovery(Environment& node, Call& call, Leg& leg, LiveMedia& live)
        : node_(node), call_(call), leg_(leg), live_(live), network_changes_(node.network_changes)
    {}
    Recovery(const Recovery&) = delete;
    Recovery& operator=(const Recovery&) = delete;

    /// Whenever something may have happened. Throws StepFailure when there is no hope any more.
    void look();

    /// Once a second, what each stream has done since the look before (timeline.schema.json, "statistics").
    void hear(const std::vector<nlohmann::json>& streams, bool expected);

    /// When to look again, whatever happens.
    TimePoint next() const;

private:
    struct Attempt {
        TimePoint since;
        TimePoint turn;       // ours to begin, if the peer has not begun by then
        TimePoint restart_at; // the next offer
        std::uint32_t restarts_before = 0;
        bool peer_ended_link = false; // it did not fall silent before
        bool only_silence = false;    // nothing else is known to be wrong
        bool asked_for_life = false;
    };

    void follow_the_peer();
    std::string trouble();
    void begin(const std::string& why);
    bool restored() const;
    void end();
    void check_hope() const;
    TimePoint give_up_at() const;
    void act();
    void move_to_other_link();
    void moved(std::shared_ptr<Link> link);
    bool link_is_good() const { return leg_.link->usable() && !leg_.link->dead && !leg_.signaled->stranded(); }

    Environment& node_;
    Call& call_;
    Leg& leg_;
    LiveMedia& live_;
    std::optional<Attempt> attempt_;
    std::uint64_t network_changes_;
    int silent_looks_ = 0;
    bool flowed_ = true;  // before the silence, if there is one; at the beginning it should
    bool silent_ = false; // for so long that it is trouble
};

} // namespace jackfield::kernel
