// connectivity/1 as the kernel uses it: one session, as state to look at.
//
// Threads:  [control].
// Lifetime: the paths live as long as the session; whatever is stacked upon them goes first.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/error.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace jackfield::kernel {

struct SelectedPair {
    std::string local;
    std::string remote;
    bool relayed = false;
};

class ConnectivitySession {
public:
    struct Events {
        std::function<void()> changed;                          // something below changed
        std::function<void(const std::string& line)> candidate; // one more local candidate
    };

    /// Opens and begins to gather. Throws Failure.
    ConnectivitySession(const Plug<jf_connectivity_methods>& plug, const jf_connectivity_options& options,
                        Events events);
    ConnectivitySession(const ConnectivitySession&) = delete;
    ConnectivitySession& operator=(const ConnectivitySession&) = delete;
    ~ConnectivitySession();

    /// Nobody listens to the events any more; the state goes on. For a session that outlives the flow that made it.
    void forget_events()
    {
        events_ = {[] {}, [](const std::string&) {}};
    }

    std::string local_description() const;
    void set_remote(const std::string& description);
    void add_remote_candidate(const std::string& line);
    void end_of_candidates();

    /// New credentials and candidates (RFC 8445 section 9); the paths stay, and what had failed is tried again. Throws
    /// Failure.
    void restart();

    /// The pair of each of the components was chosen since the session began, or since the last restart.
    bool connected(std::uint32_t component) const { return connected_.contains(component); }

    bool gathered() const { return gathered_; }

    /// Candidates may still come, but nobody should wait for them.
    bool gathered_enough() const { return gathered_ || enough_; }
    bool ready(std::uint32_t component) const { return paths_.contains(component); }
    jf_path path(std::uint32_t component) const { return paths_.at(component); }
    const std::map<std::uint32_t, SelectedPair>& pairs() const { return pairs_; }
    const std::optional<Error>& failure() const { return failure_; }

    /// What the plugin says of the pairs it has tried (tried-pairs.schema.json), as it came; empty if it says nothing.
    std::string tried() const;

    /// What the path of a component will say of itself, if its first datagrams may go along with the first checks.
    /// After set_remote.
    std::optional<jf_path_info> early(std::uint32_t component) const;

    /// Sends them. They may be lost: no failure is told.
    void send_early(std::uint32_t component, const std::vector<std::string>& datagrams) const;

private:
    jf_status send_early(std::uint32_t component, std::span<const jf_bytes> datagrams, jf_path_info& path) const;
    static const jf_connectivity_listener_methods kListener;

    std::string plugin_id_;
    Events events_;
    jf_connectivity_session session_{};
    bool gathered_ = false;
    bool enough_ = false;
    std::map<std::uint32_t, jf_path> paths_;
    std::map<std::uint32_t, SelectedPair> pairs_;
    std::set<std::uint32_t> connected_;
    std::optional<Error> failure_;
};

} // namespace jackfield::kernel
