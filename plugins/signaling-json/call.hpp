// One call and how far it has come.
//
// Threads: control. Lifetime: owned by the session, for as long as the kernel knows it.
#pragma once

#include <shared/signaling/deadlines.hpp>

#include <string>

namespace jackfield::json_signaling {

enum class CallState {
    calling,    ///< ours, not answered yet
    proceeding, ///< the peer's, not answered yet
    accepted,   ///< we answered, its confirm is awaited
    running,
};

/// Where a change of media stands. One at a time; the side that placed the call goes first if both begin at once.
enum class UpdateState {
    none,
    sent,     ///< ours waits for its answer
    received, ///< the kernel has to answer the peer's
};

struct Call {
    std::uint64_t number = 0; ///< the kernel's
    std::string id;           ///< on the wire
    bool incoming = false;
    CallState state = CallState::calling;
    std::size_t offered_lines = 0; ///< of the offer that waits for an answer

    bool cancelling = false;
    bool unheard = false; ///< the kernel gave it up by bye before it was answered: no word about it any more
    std::uint32_t cancel_reason = 0;
    signaling::Deadlines::Id deadline = 0; ///< sign of life, confirm or the answer to a cancel, one after the other

    UpdateState update = UpdateState::none;
    std::string update_offer;        ///< ours, while it waits
    std::size_t update_lines = 0;    ///< of it
    bool update_stands_back = false; ///< the peer's came first; ours is settled after it
    signaling::Deadlines::Id update_deadline = 0;

    bool asks = false;        ///< we have asked the peer to call somebody else, and do not know yet what became of it
    std::uint64_t asking = 0; ///< the delivery of that
    signaling::Deadlines::Id asking_deadline = 0; ///< for the next word
    bool wanted = false; ///< the peer has asked us, and the kernel has not said yet how it ended
    std::uint32_t times_wanted = 0;
};

} // namespace jackfield::json_signaling
