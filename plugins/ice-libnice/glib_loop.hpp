// A GLib main loop on a thread of its own: where libnice does its work and where packets are handed up.
//
// Threads: post, signal and on_thread from any; the loop itself is joined in the destructor.
// Lifetime: outlives every session; what is posted before the destructor runs, runs.
#pragma once

#include "packet_reader.hpp"

#include <glib.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace jackfield::ice {

/// Wakes one function on the loop's thread, again and again, without allocating.
/// Construct anywhere; destroy on the loop's thread, so that the function is not running then.
class Wakeup {
public:
    Wakeup(GMainContext* context, std::function<void()> function);
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;
    ~Wakeup();

    /// [any] Several signals before the function ran count as one.
    void signal();

private:
    struct Source;

    std::function<void()> function_;
    std::atomic<bool> signalled_ = false; // so that what was written before signal is seen by the function
    GSource* source_;
};

class GlibLoop {
public:
    using Task = std::move_only_function<void()>;

    GlibLoop();
    GlibLoop(const GlibLoop&) = delete;
    GlibLoop& operator=(const GlibLoop&) = delete;
    ~GlibLoop();

    /// Runs the task on the loop's thread, in the order of posting.
    void post(Task task);

    /// Runs the task on the loop's thread after a while. [loop]
    void post_after(std::chrono::milliseconds delay, Task task);

    bool on_thread() const { return std::this_thread::get_id() == thread_.get_id(); }
    GMainContext* context() const { return context_; }

    /// Nobody turns it but by hand, on the loop's thread: for sockets that `reader` looks after (direct_way.hpp).
    GMainContext* quiet_context() const { return quiet_context_; }
    PacketReader& reader() { return reader_; }

private:
    void run_tasks();

    PacketReader reader_;
    GMainContext* context_;
    GMainContext* quiet_context_;
    GMainLoop* loop_;
    std::mutex mutex_; // guards tasks_
    std::vector<Task> tasks_;
    std::unique_ptr<Wakeup> wakeup_;
    std::thread thread_;
};

/// A source that is taken off its loop when it goes.
struct SourceUnref {
    void operator()(GSource* source) const
    {
        g_source_destroy(source);
        g_source_unref(source);
    }
};
using SourcePtr = std::unique_ptr<GSource, SourceUnref>;

} // namespace jackfield::ice
