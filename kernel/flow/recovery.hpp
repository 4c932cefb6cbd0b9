// Step 8: a call that has lost its way to the peer, and finds another: over the link that is kept, or a new one to the
// same device, both ends restart ICE (RFC 8445 section 9), and media goes on where it was.
//
//   trouble -> reconnecting -> (another link, the call moves to it) -> offer with new credentials -> reconnected
//
// Media over channels of the link goes on over those of another: media_leg.hpp, replaceable_path.hpp.
//
// What counts as trouble: ICE has failed (consent lost, RFC 7675); the address that media stood on has gone; the link
// has broken, or gives no sign of life. Silence is only a reason to ask: a peer may have nothing to say. It is noticed
// by a deadline that each packet puts off (arrivals.hpp).
//
// Threads:  [control].
// Lifetime: on the frame of the flow that keeps the call alive, which owns what is referred to here.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"
#include "kernel/flow/live_media.hpp"

#include <optional>
#include <string>

namespace jackfield::kernel {

class Recovery {
public:
    Recovery(Environment& node, Call& call, const CallMedia& media, Leg& leg, LiveMedia& live)
        : node_(node), call_(call), media_(media), leg_(leg), live_(live), network_changes_(node.network_changes)
    {}
    Recovery(const Recovery&) = delete;
    Recovery& operator=(const Recovery&) = delete;

    /// Whenever something may have happened. Throws StepFailure when there is no hope any more.
    void look();

    /// Another way is being looked for.
    bool goes_on() const { return attempt_.has_value(); }

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
        const Link* offered_over = nullptr; // to compare with, only
    };

    /// Of a peer that was to send something.
    struct Silence {
        TimePoint since = now();
        bool asked = false;  // the link, whether it lives
        bool called = false; // trouble
    };

    /// How much silence is borne before something is done.
    struct Bears {
        std::chrono::milliseconds before_asking;
        std::chrono::milliseconds before_restarting;
    };

    bool peer_has_left();
    void listen();
    void measure_link();
    Bears bears() const;
    TimePoint silence_due() const;
    enum class Mover { we, peer };

    void follow_the_peer(Mover mover);
    std::string trouble();
    bool own_address_has_gone() const;
    void begin(const std::string& why);
    bool restored() const;
    void end();
    void check_hope() const;
    TimePoint give_up_at() const;
    void act();
    void move_to_other_link();
    void moved(std::shared_ptr<Link> link, Mover mover);
    bool link_is_good() const { return leg_.link->usable() && !leg_.link->dead && !leg_.signaled->stranded(); }

    Environment& node_;
    Call& call_;
    const CallMedia& media_;
    Leg& leg_;
    LiveMedia& live_;
    std::optional<Attempt> attempt_;
    std::uint64_t network_changes_;
    Silence silence_;
    std::optional<TimePoint> heard_;   // last
    bool silent_ = false;              // for so long that it is trouble
    bool asked_after_goodbye_ = false; // the link, whether it lives
    bool expected_ = true;             // something of the peer
    const Link* measured_ = nullptr;   // to compare with, only
};

} // namespace jackfield::kernel
