// A node as a program in another language has it: the kernel's, its calls by name, its events as texts.
//
// Threads:  methods on any thread, several at once; listeners are called on the node's control thread and only write
//           down what happened; the program's callback runs on a thread of its own (Dispatcher).
// Lifetime: the table of nodes (node_table.hpp) and every function that runs in it hold it; close() ends all that can
// be
//           heard, whoever holds it.

#pragma once

#include "kernel/capi/call_table.hpp"
#include "kernel/capi/event_queue.hpp"
#include "kernel/capi/include/jackfield/jackfield.h"
#include "kernel/node/node.hpp"

#include <array>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>

namespace jackfield::kernel::capi {

/// jackfield_media with texts of our own.
struct Media {
    std::optional<std::string> send;
    std::optional<std::string> play;
    std::string record;
    bool video = true;
    bool both_sides = false;
    bool overwrite = false;
};

/// Writes down what a node and its calls say. [control]
class Ear final : public NodeListener, public CallListener, public std::enable_shared_from_this<Ear> {
public:
    explicit Ear(std::size_t most_events) : queue(most_events), origin_ns_(monotonic_ns()) {}

    void timeline(const TimelineEvent& event) override;
    IncomingPlan incoming(const IncomingCall& call) override;
    void ringing(Call& call) override;
    void answered(Call& call) override;
    void source_ended(Call& call, MediaKind kind) override;
    void ended(Call& call, const CallEnd& end) override;

    /// What calls that come in are to have. [any]
    void take_calls(std::uint32_t most, MediaPlan plan, bool overwrite);

    EventQueue queue;
    CallTable calls;

private:
    void say(const Call& call, const std::string& detail_json);

    const std::int64_t origin_ns_;
    std::mutex mutex_; // of what take_calls sets
    std::uint32_t most_calls_ = 0;
    MediaPlan plan_;
    bool overwrite_ = false;
    std::array<bool, 16> done_{};                    // steps, once at least; [control]
    std::map<std::string, IncomingCall> coming_in_;  // until they ring; [control]
    std::map<std::string, std::string> recorded_to_; // by those that came in and run; [control]
};

class OpenNode {
public:
    /// Throws Failure.
    OpenNode(Config config, const jackfield_options& options);
    ~OpenNode() { close(); }

    void start();
    void reconfigure(Config config);
    void stop();

    /// Stops, and returns when the callback has returned for the last time. Not on its thread.
    void close();

    /// The same when the program exits: on any thread, also that of the callback, and for a callback that does not
    /// return it waits for a second.
    void close_at_exit();

    bool is_callback_thread() const { return std::this_thread::get_id() == dispatcher_id_.load(); }
    bool has_callback() const { return options_.on_event != nullptr; }

    /// Throw Failure if the node does not run.
    OwnIds ids();
    std::string listens_at();
    std::string place(const std::string& peer, const Media& media);
    void take_calls(std::uint32_t most, const Media& media);

    /// f(node, call), if node and call run.
    template <typename F>
    void with_call(const std::string& id, F&& f)
    {
        const std::shared_lock lock(state_mutex_);
        const auto call = ear_->calls.running(id);
        check_running();
        f(*node_, call);
    }

    CallTable& calls() { return ear_->calls; }
    EventQueue& queue() { return ear_->queue; }

private:
    enum class State { made, running, stopped };

    void check_running() const; // with the lock
    MediaPlan plan_of(const Media& media) const;
    void dispatch();

    const jackfield_options options_;
    const std::shared_ptr<Ear> ear_; // second owner: the node and its calls
    std::shared_mutex state_mutex_;  // shared: the node is used; alone: it begins or ends
    State state_ = State::made;
    Config config_;
    OwnIds ids_;
    std::unique_ptr<Node> node_;
    std::atomic<bool> closing_{false};
    std::atomic<std::thread::id> dispatcher_id_;
    std::mutex dispatcher_mutex_; // of those that close it
    std::thread dispatcher_;
    std::promise<void> dispatched_; // when it has called back for the last time
};

} // namespace jackfield::kernel::capi
