// One leg of a call: the call as one device of the peer sees it. A caller has a leg to every device it rings.
//
// Threads:  [control].
// Lifetime: shared by the call's flow and the leg's own flow, which may outlive it by a goodbye. Members are destroyed
//           from the last to the first: media, signaling of the call, then our share in the link.

#pragma once

#include "kernel/flow/link.hpp"
#include "kernel/flow/media_leg.hpp"

#include <memory>
#include <optional>

namespace jackfield::kernel {

struct Leg {
    Device device;
    std::shared_ptr<Link> link; // second owner: the node's table
    std::unique_ptr<SignaledCall> signaled;
    std::unique_ptr<MediaLeg> media;

    std::optional<Error> failure; // and at which step
    Step failed_at = Step::call;
    std::optional<CallEnding> ending; // what the device said: refused, busy
    bool ended = false;               // its flow is over
    bool abandoned = false;           // another device took the call, or the caller hung up
    std::uint32_t abandon_reason = JF_REASON_CANCELLED;

    bool ringing() const { return signaled && signaled->ringing(); }
    bool answered() const { return signaled && signaled->answered() && media && media->agreed(); }
};

/// What an ending of signaling means as a status. One without a number of the wire is not the peer's word.
inline jf_status status_of(const CallEnding& ending)
{
    switch (ending.reason) {
    case JF_REASON_BUSY:
        return JF_BUSY;
    case JF_REASON_CANCELLED:
    case JF_REASON_ELSEWHERE:
        return JF_CANCELLED;
    case JF_REASON_FAILED:
        return ending.code == 0 ? JF_CLOSED : JF_REFUSED;
    default:
        return JF_REFUSED;
    }
}

} // namespace jackfield::kernel
