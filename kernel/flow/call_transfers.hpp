// Step 8: one end of a running call wants the other to call somebody else instead (RFC 3515): our wish, and the peer's.
//
// Who is asked goes on with the call until the new one is answered; who asks hangs up then. If nothing comes of it,
// both go on as before.
//
// Threads:  [control].
// Lifetime: on the frame of the flow that keeps the call alive, which owns what is referred to here.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/leg.hpp"

#include <memory>
#include <optional>
#include <string>

namespace jackfield::kernel {

class CallTransfers {
public:
    CallTransfers(Call& call, const CallMedia& media, Leg& leg) : call_(call), media_(media), leg_(leg) {}
    CallTransfers(const CallTransfers&) = delete;
    CallTransfers& operator=(const CallTransfers&) = delete;

    /// Whenever something may have happened.
    void look();

    /// When to look again, whatever happens.
    TimePoint next() const;

private:
    /// A wish of ours whose end is not known yet.
    struct Asked {
        TimePoint by;                      // it has ended by then
        bool taken = false;                // the peer considers it
        bool held = false;                 // by us, for this
        std::shared_ptr<Call> in_place_of; // second owner: its flow
    };

    void ask(const TransferWish& wish);
    std::optional<Error> why_not(const std::string& whom) const;
    bool is_us(const std::string& account) const;
    void hear_result();
    void hear_progress();
    void finish(const ReferProgress& last);
    void tell_program(const TransferProgress& progress);

    void hear_referral();
    void tell_peer();
    void mind_limits();

    Call& call_;
    const CallMedia& media_;
    Leg& leg_;
    std::optional<Asked> asked_;
    std::shared_ptr<Referral> referral_; // second owners: the program, and the call that follows
    TimePoint decided_by_ = TimePoint::max();
    TimePoint gone_by_ = TimePoint::max(); // the peer, whose wish has come true
};

} // namespace jackfield::kernel
