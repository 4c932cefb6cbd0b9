// Threads that may hang in a disk: work with a limit of time, and a place for threads that outlast who started them.
//
// Threads:  everything on control.
// Lifetime: LeavingThreads belongs to a plugin instance and joins what is left when the instance is destroyed.
#pragma once

#include <jackfield/basic.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace media_ffmpeg {

/// A thread of which can be asked whether it has ended.
class Worker {
public:
    /// `work` does not throw. What it captured is gone before the thread counts as ended.
    template <class F>
    explicit Worker(F work)
        : end_(std::make_shared<End>()), thread_([end = end_, work = std::optional<F>(std::move(work))]() mutable {
              (*work)();
              work.reset();
              const std::lock_guard lock(end->mutex);
              end->ended = true;
              end->changed.notify_all();
          })
    {}

    /// True if it has ended, now or within that time.
    bool wait(std::chrono::milliseconds limit) const
    {
        std::unique_lock lock(end_->mutex);
        return end_->changed.wait_for(lock, limit, [this] { return end_->ended; });
    }

    void join() { thread_.join(); }

private:
    struct End {
        std::mutex mutex;
        std::condition_variable changed;
        bool ended = false;
    };

    std::shared_ptr<End> end_;
    std::thread thread_;
};

class LeavingThreads {
public:
    LeavingThreads() = default;
    LeavingThreads(const LeavingThreads&) = delete;
    LeavingThreads& operator=(const LeavingThreads&) = delete;
    ~LeavingThreads()
    {
        for (auto& worker : leaving_)
            worker.join();
    }

    /// A worker that was told to end. Nearly always it does at once and is joined here; one that hangs is joined later.
    void take(Worker worker)
    {
        std::erase_if(leaving_, [](Worker& earlier) {
            const bool ended = earlier.wait(std::chrono::milliseconds(0));
            if (ended)
                earlier.join();
            return ended;
        });
        if (worker.wait(kPatience))
            worker.join();
        else
            leaving_.push_back(std::move(worker));
    }

    std::size_t count() const { return leaving_.size(); }

private:
    static constexpr std::chrono::milliseconds kPatience{100};

    std::vector<Worker> leaving_;
};

/// Set when whoever works shall stop as soon as it can.
using StopFlag = std::shared_ptr<const std::atomic<bool>>;

/// Runs `work(StopFlag)` on a thread of its own and waits for its result. Throws what it throws, and JF_TIMEOUT with
/// these words if it takes longer than the limit: then it is told to stop, and its result is dropped.
template <class F>
auto run_within(std::chrono::milliseconds limit, LeavingThreads& leaving, const std::string& too_slow, F work)
{
    using Result = decltype(work(StopFlag()));
    struct Outcome {
        std::atomic<bool> stop{false};
        std::optional<Result> result;
        std::exception_ptr failure;
    };
    const auto outcome = std::make_shared<Outcome>();
    Worker worker([outcome, work = std::move(work)]() mutable {
        try {
            outcome->result.emplace(work(StopFlag(outcome, &outcome->stop)));
        } catch (...) {
            outcome->failure = std::current_exception();
        }
    });
    if (!worker.wait(limit)) {
        outcome->stop = true;
        leaving.take(std::move(worker));
        throw jackfield::Failure(JF_TIMEOUT, too_slow);
    }
    worker.join();
    if (outcome->failure)
        std::rethrow_exception(outcome->failure);
    return std::move(*outcome->result);
}

} // namespace media_ffmpeg
