// A node as a program in another language has it: the kernel's, its calls by name, its events as texts.
//
// Threads:  methods on any thread, several at once; listeners are called on the node's control thread and only write
//           down what happened; the program's callback runs on a thread of its own (Dispatcher).
// Lifetime: the table of nodes (node_table.hpp) and every function that runs in it hold it; close() ends all that can
// be
//           heard, whoever holds it.

#pragma once

#include "kernel/capi/ear.hpp"

#include <atomic>
#include <condition_variable>
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

/// The account that is meant, in small letters. A name is looked for among the contacts of the configuration. Throws
/// Failure.
std::string account_of(const std::string& peer, const Config& config);

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

    /// f(node, configuration), if the node runs.
    template <typename F>
    void use(F&& f)
    {
        const std::shared_lock lock(state_mutex_);
        check_running();
        f(*node_, config_);
    }

    /// f(node, call), if node and call run; the same of files.
    template <typename F>
    void with_call(const std::string& id, F&& f)
    {
        const std::shared_lock lock(state_mutex_);
        const auto call = ear_->calls.running(id);
        check_running();
        f(*node_, call);
    }

    template <typename F>
    void with_file(const std::string& id, F&& f)
    {
        const std::shared_lock lock(state_mutex_);
        const auto file = ear_->files.running(id);
        check_running();
        f(*node_, file);
    }

    /// Places the call that the peer of that one wants. Throws Failure JF_NOT_FOUND if it wants none.
    std::string follow(const std::string& id, const Media& media);
    std::string send_file(const std::string& peer, const std::string& file);

    Ear& ear() { return *ear_; }
    CallTable& calls() { return ear_->calls; }
    EventQueue& queue() { return ear_->queue; }

private:
    enum class State { made, running, stopped };

    void check_running() const; // with the lock
    MediaPlan plan_of(const Media& media) const;
    static void check_recording(const Media& media);
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
    std::mutex dispatched_mutex_;
    std::condition_variable dispatched_changed_;
    bool dispatched_ = false; // it has called back for the last time
};

} // namespace jackfield::kernel::capi
