// One call: its dialog (RFC 3261 section 12) and how far it has come.
//
// Threads: the control thread. Lifetime: owned by the session, from the first INVITE to the last answer.
#pragma once

#include "sdp_lines.hpp"
#include "sdp_writer.hpp"
#include "sip_transactions.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace jackfield::sip {

enum class CallState {
    calling,    ///< ours, no final answer yet
    proceeding, ///< the peer's, we have not answered finally
    accepted,   ///< we answered 200, its ACK is awaited
    confirmed,
    ending, ///< our BYE is under way; the kernel knows this call no more
};

/// Where a change of media stands. Only one may be open (RFC 3261 section 14.1).
enum class UpdateState {
    none,
    sent,     ///< our re-INVITE waits for its answer
    received, ///< the kernel has to answer the peer's
    answered, ///< we answered, its ACK is awaited
};

/// A MESSAGE or INFO of the kernel that cannot go out yet, because the other side does not know the dialog.
struct WaitingDelivery {
    std::uint64_t delivery = 0;
    const char* method = "";
    std::string content_type;
    std::string body;
};

/// Our wish that the peer calls somebody else (RFC 3515).
struct OwnReferral {
    bool open = false; ///< until it is known what became of it
    bool ever = false;
    std::uint32_t cseq = 0;
    std::uint64_t delivery = 0; ///< whose completion waits for the peer's answer
    Deadlines::Id deadline = 0; ///< for the next word
};

/// A notification that waits for the answer to the one before.
struct Notice {
    std::string event;
    std::string state;
    std::string body;
};

/// The peer's wish that we call somebody else, and what we tell it about that.
struct PeerReferral {
    bool open = false;       ///< until the kernel has said how it ended
    bool pending = false;    ///< it has not said anything yet
    bool silent = false;     ///< the peer does not want to hear
    std::uint32_t count = 0; ///< in this call, with this one
    std::uint32_t cseq = 0;
    bool telling = false; ///< a notification waits for its answer
    std::deque<Notice> notices;
};

struct Call {
    static constexpr std::size_t kMaxWaiting = 64;

    std::uint64_t number = 0;
    bool incoming = false;
    bool hung_up = false; ///< by the kernel, which hears no more of this call
    CallState state = CallState::calling;

    // The dialog. Addresses are URIs without brackets.
    std::string call_id;
    std::string local_uri;
    std::string local_tag;
    std::string remote_uri;
    std::string remote_tag; ///< empty until the peer has answered
    std::string remote_target;
    std::vector<std::string> routes;                 ///< of requests inside the dialog (RFC 3261 section 12.1)
    std::pair<std::string, std::string> credentials; ///< header and value that the last challenge was answered with
    bool tag_known = false; ///< each side has the other's tag: requests inside the dialog are understood
    std::vector<WaitingDelivery> waiting;
    std::uint32_t local_cseq = 0;
    std::uint32_t remote_cseq = 0;

    // The INVITE that makes the call.
    TransactionId invite = 0;
    std::string invite_branch;
    std::uint32_t invite_cseq = 0;
    bool provisional = false;  ///< the peer has shown a sign of life: CANCEL is allowed (RFC 3261 section 9.1)
    std::string invite_target; ///< its Request-URI
    bool cancelling = false;
    bool cancel_sent = false;
    std::uint32_t cancel_reason = 0;
    Deadlines::Id cancel_deadline = 0;

    // SDP
    SdpOrigin origin;
    SdpSkeleton offer;             ///< the peer's, as long as it waits for our answer
    std::size_t offered_lines = 0; ///< of ours
    std::string early_answer;      ///< JSON: the peer's, from before its 200
    std::string ring_json;         ///< ours, sent with 180: the 200 repeats it word for word
    std::string ring_sdp;

    // After our 200.
    Deadlines::Id ack_deadline = 0;
    std::string unacknowledged; ///< the 200 as it went out, to be repeated where the path may lose it
    Deadlines::Id repeat_timer = 0;
    std::uint32_t bye_reason = 0; ///< of a BYE that waits for the ACK (RFC 3261 section 15)

    // The change of media.
    UpdateState update = UpdateState::none;
    TransactionId update_transaction = 0;
    std::string update_branch; ///< of the peer's re-INVITE
    std::uint32_t update_cseq = 0;
    std::string update_sdp; ///< ours, kept for another try
    int update_tries = 0;
    bool retry_wanted =
        false; ///< both sides offered at once: ours is sent again, when the timer has run and none is open
    bool retry_outdated = false; ///< and one of the peer was accepted meanwhile: ours is for what the call was before
    Deadlines::Id retry_timer = 0;

    OwnReferral asked;
    PeerReferral wanted;
};

} // namespace jackfield::sip
