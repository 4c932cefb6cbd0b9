// The wish of a call's peer that we call somebody else instead, and what the peer is told about that.
//
// Threads:  target and referred_by on any thread; the rest [control].
// Lifetime: shared by the call whose peer wants it, the program that decides, and the call that follows.

#pragma once

#include "kernel/bind/signaling.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace jackfield::kernel {

class Call;
struct CallEnd;

class Referral {
public:
    Referral(std::weak_ptr<Call> call, std::string whom, std::string by, std::string name)
        : target(std::move(whom)), referred_by(std::move(by)), replaces(std::move(name)), call_(std::move(call))
    {}

    const std::string target;      // an account, as contacts write it
    const std::string referred_by; // who the peer says wants it; may be empty, proves nothing
    const std::string replaces;    // the name of a call of the target, whose place ours takes; may be empty

    /// The program's decision; the first counts. Whether it is this one.
    bool take_up();
    bool refuse();
    bool decided() const { return decided_; }

    /// How the call goes that follows: it rings, is answered, has ended.
    void rings();
    void answered();
    void ended(const CallEnd& end);

    /// For the invitations of the call that follows.
    CallReferral origin() const { return {referred_by, replaces}; }

    /// For the call whose peer wants it: what to tell the peer next.
    std::optional<ReferProgress> take_news();

private:
    bool decide();
    void tell(std::uint32_t code, std::string text);

    std::weak_ptr<Call> call_;
    bool decided_ = false;
    bool over_ = false;
    std::deque<ReferProgress> news_;
};

/// How a call ended that was never answered, as a SIP status (RFC 3261 section 21).
std::uint32_t status_code_of(const CallEnd& end);

} // namespace jackfield::kernel
