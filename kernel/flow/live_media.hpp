// Step 8: other media while a call runs. Looks at what the program wants, what the peer offers, and what it answers
// (RFC 3264 section 8), and lets media go on accordingly.
//
// Threads:  [control].
// Lifetime: on the frame of the flow that keeps the call alive, which owns what is referred to here.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/leg.hpp"

#include <optional>
#include <string>

namespace jackfield::kernel {

class LiveMedia {
public:
    LiveMedia(Call& call, CallMedia& media, Leg& leg) : call_(call), media_(media), leg_(leg) {}
    LiveMedia(const LiveMedia&) = delete;
    LiveMedia& operator=(const LiveMedia&) = delete;

    /// Whenever something may have happened. Throws StepFailure if the call cannot go on.
    void look();

    /// An offer of what there is, with new credentials of ICE (RFC 8839 section 4.4.1.1.1), before anything else.
    void restart_ice();

    /// The call goes on over another link: what was asked over the other has no answer.
    void link_moved();

    /// When to look again, whatever happens.
    TimePoint next() const;

    /// The peer holds the call: it has nothing to say.
    bool held() const { return held_; }

    /// Codecs that opened last have until then.
    const std::optional<TimePoint>& codecs_by() const { return codecs_by_; }

private:
    /// An offer of ours that is not answered yet.
    struct Offer {
        MediaChange change;
        CallMedia::Intent intent;
        MediaDescription local;
        TimePoint answered_by;
        bool told = false;  // that it took too long; the answer still counts if it comes
        bool stale = false; // an offer of the peer came between
    };

    bool peer_has_to_wait() const;
    void answer_peer();
    void hear_answer();
    void mind_limits();
    void connect();
    void begin_next();
    void offer(const MediaChange& change, CallMedia::Intent intent);
    void listen(const MediaDescription& offered);
    void change_to(const std::vector<AgreedStream>& streams);
    void apply(bool by_peer);
    void note_hold(const MediaDescription& remote, bool offered);
    void refuse(const MediaChange& change, jf_status status, const std::string& text);
    void tell_changed(bool by_peer);

    Call& call_;
    CallMedia& media_;
    Leg& leg_;
    std::optional<Offer> offer_;
    std::optional<TimePoint> again_at_; // signaling was busy
    int tries_ = 0;
    bool connecting_ = false; // agreed, but the paths of new streams are not up yet
    bool connecting_for_peer_ = false;
    TimePoint connected_by_{};
    std::optional<TimePoint> codecs_by_;
    bool held_ = false;
};

} // namespace jackfield::kernel
