// One call as its flow and the program both see it: who, which side, what was decided, how it ended.
//
// Threads:  [control].
// Lifetime: shared by the flow (until it ends) and the node's table of calls (until the program has heard of the end).

#pragma once

#include "kernel/bind/bell.hpp"
#include "kernel/bind/identity.hpp"
#include "kernel/error.hpp"
#include "kernel/flow/referral.hpp"
#include "kernel/media/call_media.hpp"
#include "kernel/timeline/timeline.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// How a call ended, for the program.
struct CallEnd {
    Error error{JF_OK, ""}; // status JF_OK: it was answered and hung up in order
    Step step = Step::call; // where it ended
    std::uint32_t reason = JF_REASON_NORMAL;
    bool by_peer = false;
    bool answered = false;
    std::string statistics = "{}"; // of the media transport, one JSON object
};

class Call;
struct Leg;               // leg.hpp
struct CrossedInvitation; // crossing.hpp

/// Invitations of the peer that have come in while we were calling it.
struct Crossing {
    bool open = false; // while it rings there
    std::vector<std::shared_ptr<CrossedInvitation>> held;
    std::shared_ptr<CrossedInvitation> taken; // the call goes on with this one
};

/// Whom the peer of a call is to call instead.
struct TransferWish {
    std::string account;
    std::shared_ptr<Call> in_place_of; // a call of ours with that account; may be null. Second owner: its flow
};

/// What becomes of the call that we asked the peer to place to somebody else.
struct TransferProgress {
    std::uint32_t code = 0; // a SIP status, 0 if there is none
    bool over = false;      // the last word
    bool succeeded = false; // they talk, and this call is hung up; if not, and it is over, this call goes on as before
    std::string text;       // may be empty
};

/// What a program wants to hear of a call. [control] Must not block; may decide about the call at once.
class CallListener {
public:
    virtual ~CallListener() = default;
    virtual void ringing(Call&) {}
    virtual void answered(Call&) {}
    virtual void source_ended(Call&, MediaKind) {}

    /// The peer holds the call, or goes on with it: it hears nothing of us.
    virtual void held(Call&, bool /*held*/) {}

    /// Either end wanted other media, and this is what flows now.
    virtual void media_changed(Call&, const MediaNow&) {}

    /// The way to the peer is lost, and another is looked for, for half a minute at most; and it has been found. The
    /// call ends if it is not.
    virtual void reconnecting(Call&, const std::string& /*why*/) {}
    virtual void reconnected(Call&) {}

    /// A change of ours came to nothing, and all is as it was. JF_REFUSED: the peer did not want it.
    virtual void change_refused(Call&, const Error&) {}

    virtual void digit(Call&, const Digit&) {}                // the peer pressed a key
    virtual void rotated(Call&, std::uint32_t /*degrees*/) {} // the peer's pictures are turned by so much

    /// The peer wants us to call somebody else instead. Node::follow does that, Node::refuse_referral does not; within
    /// a minute, else it is refused. The default refuses.
    virtual void referred(Call&, const std::shared_ptr<Referral>& referral) { referral->refuse(); }

    virtual void transfer_progressed(Call&, const TransferProgress&) {} // how a transfer of ours goes

    virtual void ended(Call&, const CallEnd&) {}
};

class Call : public std::enable_shared_from_this<Call> {
public:
    Call(Timeline& timeline, Side side, std::string peer, MediaPlan media_plan, std::shared_ptr<CallListener> events);
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    const std::string id; // 16 hex digits, in every event of the timeline
    const Side side;
    const std::string peer_account;
    std::string own_account; // once its flow has begun
    MediaPlan plan;
    std::string display_name;               // of the caller, if it said one
    std::string referred_by;                // of a call that comes in: who is said to have wanted it; may be empty
    std::shared_ptr<CallListener> listener; // second owner: the program
    Bell bell;
    Crossing crossing; // the flow's

    /// The program's decisions; the flow looks at them.
    void hang_up(std::uint32_t reason = JF_REASON_NORMAL);
    void answer();
    void refuse(std::uint32_t reason);

    /// While it runs. What is asked for before it is answered is done then. At most so many wait; more are dropped.
    static constexpr std::size_t kMostChanges = 16;
    static constexpr std::size_t kMostDigits = 64;
    void change(MediaChange change);
    void mute(bool muted);
    void send_digits(const std::string& keys); // 0-9, *, #, A-D; what is no key is left out
    void rotate(std::uint32_t degrees);        // how our pictures are to be turned: 0, 90, 180, 270
    void transfer(TransferWish wish);

    /// What the flow has not done yet.
    std::deque<MediaChange> changes;
    std::string digits;
    std::optional<bool> mute_wanted;
    std::optional<std::uint32_t> rotation_wanted;
    std::optional<TransferWish> transfer_wanted;

    std::shared_ptr<Referral> follows; // this call is what another's peer wanted; second owner: that call's flow
    bool transferred = false;          // the peer talks to somebody else now, as we wanted
    bool handed_over = false;          // the same, of whom that is: it hangs up, or else we do

    std::shared_ptr<Call> replaces; // one that comes in takes the place of this one; second owner: its flow
    bool replaced = false;          // another call has the place of this one

    std::weak_ptr<Leg> leg; // once it was answered, and as long as its flow has it

    /// The name of this call for its peer. Throws Failure if it does not run.
    std::string dialog_name() const;

    /// Whether a name in an invitation is ours for this call, as SignaledCall::matches says it.
    jf_status matches(const std::string& dialog_name) const;

    /// Tells the listener, and whoever wanted this call.
    void tell_ringing();
    void tell_answered();
    void tell_ended(const CallEnd& end);

    const std::optional<std::uint32_t>& hung_up() const { return hung_up_; }
    const std::optional<std::uint32_t>& refused() const { return refused_; }
    bool answered_here() const { return answered_here_; }

    /// Tells the timeline. detail is one JSON object or empty.
    void tell(Step step, Moment moment, std::string detail_json = {}, std::int64_t t_ns = 0);

    /// Progress with a word: {"what": "ringing"}.
    void tell_progress(Step step, std::string_view what, std::int64_t t_ns = 0);

    /// Throws if the program has hung up meanwhile.
    void check_hung_up(Step step) const;

private:
    Timeline& timeline_;
    std::optional<std::uint32_t> hung_up_;
    std::optional<std::uint32_t> refused_;
    bool answered_here_ = false;
};

} // namespace jackfield::kernel
