// signaling/1 as the kernel uses it: one session to one peer device, and each call on it as state to look at.
//
// Threads:  [control].
// Lifetime: the session belongs to the link. A SignaledCall belongs to the call's flow and may outlive the session; it
// is
//           closed then.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/carried.hpp"
#include "kernel/bind/completions.hpp"
#include "kernel/bind/identity.hpp"
#include "kernel/error.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace jackfield::kernel {

class SignalingSession;

/// How a call was refused or ended, as signaling said it.
struct CallEnding {
    std::uint32_t reason = JF_REASON_NORMAL;
    std::uint32_t code = 0; // the wire's own number, 0 if none
    std::string text;
};

/// What a call has to do with others (jf_referral).
struct CallReferral {
    std::string referred_by; // an account or a URI, as it came, or empty; nothing proves it
    std::string replaces;    // the name of the call whose place it takes, or empty

    bool empty() const { return referred_by.empty() && replaces.empty(); }
};

/// The peer wants us to call somebody else instead.
struct PeerReferral {
    std::string target; // an account or a URI, as it came
    CallReferral referral;
};

/// A call that comes in.
struct Invitation {
    std::uint64_t number = 0;
    std::string offer;
    std::string display_name;
    CallReferral referral = {};
};

/// What has become of the call that the peer was asked for: a SIP status; 0: it says no more of it.
struct ReferProgress {
    std::uint32_t code = 0;
    std::string text;

    bool is_last() const { return code == 0 || code >= 200; }
};

/// One call on a session. What has happened so far; `changed` is called whenever that grows.
class SignaledCall {
public:
    SignaledCall(SignalingSession& session, std::uint64_t number, std::function<void()> changed);
    SignaledCall(const SignaledCall&) = delete;
    SignaledCall& operator=(const SignaledCall&) = delete;
    ~SignaledCall();

    /// These throw Failure: JF_CLOSED if the session is gone.
    void invite(const std::string& offer, const CallReferral& referral = {});
    void ring(const std::string& answer);
    void answer(const std::string& answer);
    void refuse(std::uint32_t reason);
    void cancel(std::uint32_t reason);
    void bye(std::uint32_t reason);
    void info(std::string_view content_type, std::string_view body, std::function<void(Error)> done = {});

    /// New media in a running call: JF_BUSY while another offer is open (RFC 3261 section 14.1). An empty answer
    /// refuses.
    void update(const std::string& offer);
    void answer_update(const std::string& answer);

    /// The peer's offer that nobody has answered yet, and its answer to ours; an empty one refuses. Once.
    const std::optional<std::string>& peer_offer() const { return peer_offer_; }
    std::optional<std::string> take_peer_offer() { return std::exchange(peer_offer_, std::nullopt); }
    bool description_waits() const { return peer_offer_ || update_answer_; } // nobody has taken it yet
    std::optional<std::string> take_update_answer() { return std::exchange(update_answer_, std::nullopt); }

    /// Asks the peer to call somebody else (RFC 3515), in place of the call of that name if there is one; refer_result
    /// says whether it considers that, take_refer_progress what becomes of it.
    void refer(const std::string& target, const std::string& replaces = {});
    const std::optional<Error>& refer_result() const { return *refer_result_; }
    std::optional<ReferProgress> take_refer_progress();

    /// The peer asks us, and hears what becomes of it. Once each.
    std::optional<PeerReferral> take_referral() { return std::exchange(referral_, std::nullopt); }
    void tell_referral(std::uint32_t code, const std::string& text);

    /// The name of this running call for its peer, and whether a name in an invitation is ours for it: JF_OK,
    /// JF_NOT_FOUND; JF_BUSY if it is, but may not be replaced (RFC 3891 section 3).
    std::string dialog_name() const;
    jf_status matches(const std::string& dialog_name) const;

    /// The call goes on in another session with the same device; offers that were open have come to nothing. Throws
    /// Failure.
    void take_over_by(SignalingSession& session);

    /// Where it is now, if that is another session than at the last call: the peer may go on elsewhere by itself.
    std::optional<SignalingSession*> take_move() { return std::exchange(moved_to_, std::nullopt); }
    std::uint32_t moves() const { return moves_; } // how often that has happened

    /// The peer is known to have hung up, though not through this session.
    void peer_hung_up();

    /// Hears INFO of the peer; answers whether it was understood.
    void on_info(std::function<bool(const std::string& content_type, const std::string& body)> hear);

    bool ringing() const { return ringing_; }
    bool answered() const { return answered_; }
    bool confirmed() const { return confirmed_; }
    bool over() const { return ending_.has_value(); }               // by the peer, or because the session broke
    bool stranded() const { return stranded_; }                     // it runs, but its stream has ended
    bool left() const { return left_; }                             // by us: refused, cancelled, or hung up
    const std::string& peer_answer() const { return peer_answer_; } // early or final; empty until it came
    const CallEnding& ending() const { return *ending_; }

private:
    friend class SignalingSession;

    void end(CallEnding ending);
    void move(SignalingSession& session, std::uint64_t number);
    jf_signaling_session raw() const; // throws if the session is gone

    SignalingSession* session_; // null once the session is gone
    std::uint64_t number_;
    std::function<void()> changed_;
    std::function<bool(const std::string&, const std::string&)> info_;
    bool ringing_ = false;
    bool answered_ = false;
    bool confirmed_ = false;
    bool left_ = false;
    bool stranded_ = false;
    std::optional<SignalingSession*> moved_to_;
    std::uint32_t moves_ = 0;
    std::string peer_answer_;
    std::optional<std::string> peer_offer_; // in a running call
    std::optional<std::string> update_answer_;
    std::shared_ptr<std::optional<Error>> refer_result_ =
        std::make_shared<std::optional<Error>>(); // second owner: the completion of a refer
    std::deque<ReferProgress> refer_progress_;
    std::optional<PeerReferral> referral_;
    std::optional<CallEnding> ending_;
};

class SignalingSession {
public:
    struct Events {
        std::function<void(Invitation)> invited;
        std::function<jf_status(std::string content_type, std::string body)> message;
        std::function<void(Error)> closed; // the session may be destroyed on a later turn, not inside
    };

    /// `carried`: who carries the link, null if it is ours. Throws Failure.
    SignalingSession(const Plug<jf_signaling_methods>& plug, Completions& completions, jf_path stream, bool initiator,
                     const Device& local, const Device& remote, std::string_view local_name, const Carried* carried,
                     Events events);
    SignalingSession(const SignalingSession&) = delete;
    SignalingSession& operator=(const SignalingSession&) = delete;
    ~SignalingSession();

    /// A number for a call of ours.
    std::uint64_t new_call_number() { return last_number_ += 2; }

    const std::optional<Error>& closed() const { return closed_; }

    void message(std::string_view content_type, std::string_view body, std::function<void(Error)> done);

    /// Asks the peer for a sign of life: JF_TIMEOUT if none comes, JF_UNSUPPORTED if this signaling cannot ask.
    void ping(std::chrono::nanoseconds patience, std::function<void(Error)> done);

    /// As if the connection had broken; the peer is not told.
    void break_off(const Error& why);

private:
    friend class SignaledCall;
    static const jf_signaling_listener_methods kListener;

    SignaledCall* find(std::uint64_t number);
    void remember(std::uint64_t number, CallEnding ending);

    Completions& completions_;
    std::string plugin_id_;
    Events events_;
    jf_signaling_session session_{};
    std::map<std::uint64_t, SignaledCall*> calls_;
    std::map<std::uint64_t, CallEnding> early_endings_; // of incoming calls nobody has taken up yet
    std::uint64_t last_number_ = 0;
    std::optional<Error> closed_;
};

} // namespace jackfield::kernel
