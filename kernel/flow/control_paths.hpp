// Step 4: the two ICE sessions for the control path, side by side, TCP preferred and UDP as fallback.
//
// Threads:  [control].
// Lifetime: belongs to the flow that opens a link; the session whose path was taken moves into the link.

#pragma once

#include "kernel/flow/environment.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

/// The most that a peer may send as its candidates at once.
inline constexpr std::size_t kMaxBlobBytes = 32 * 1024;

class ControlPaths {
public:
    /// Both sessions that the policy allows begin to gather. `more` is called with candidates that were not in the blob
    /// yet, one per line, several at once where they come together. Throws Failure.
    ControlPaths(Environment& node, std::uint32_t role, std::function<void()> changed,
                 std::function<void(std::string lines)> more);

    /// Both descriptions, one after the other. What is found later goes to `more`. A candidate of TCP that the session
    /// of datagrams has found (RFC 6544: simultaneous-open) ends there in " ufrag " and that session's, because
    /// transport alone would say the other one (RFC 8839 section 5.1: extensions).
    std::string blob();

    /// The peer's. Throw Failure JF_BAD_INPUT if nothing in it can be used.
    void set_remote(std::string_view blob);
    void add_remote(std::string_view lines);

    /// A session whose path may be used now, by the policy; null while it is worth waiting. `tried` ones are left out.
    ConnectivitySession* choose(TimePoint at) const;

    /// When choose could change its mind without anything else changing.
    TimePoint reconsider(TimePoint otherwise) const;

    /// Why there will be no path; empty while there may be one.
    std::string hopeless() const;

    /// What both sessions say of the pairs they have tried: an array of rows (tried_pairs.hpp).
    nlohmann::json tried() const;

    /// The session of datagrams, if a path of it may come yet. Null if there is none.
    const ConnectivitySession* datagrams_to_come() const;

    /// Every session with a path that was not taken out yet.
    std::vector<ConnectivitySession*> ready() const;

    /// Every session that has not failed.
    std::vector<ConnectivitySession*> possible() const;

    bool is_stream(const ConnectivitySession* session) const { return session == tcp_.get(); }

    /// Takes the session out, for the link.
    std::unique_ptr<ConnectivitySession> take(const ConnectivitySession* session);

    /// This one did not lead to a link: forget it.
    void give_up(const ConnectivitySession* session);

private:
    void candidate(std::uint32_t kind, const std::string& line);
    ConnectivitySession* session_of(std::string_view& candidate) const;
    void note_ready();
    TimePoint grace_over() const;

    Environment& node_;
    std::function<void()> changed_;
    std::function<void(std::string)> more_;
    std::unique_ptr<ConnectivitySession> udp_;
    std::unique_ptr<ConnectivitySession> tcp_;
    std::string udp_ufrag_; // the peer's of the session of datagrams
    bool described_ = false;
    std::shared_ptr<std::string> pending_lines_; // shared with the posted flush
    TimePoint udp_since_ = TimePoint::max();
    TimePoint answered_ = TimePoint::max(); // when the peer's description came
};

} // namespace jackfield::kernel
