// A node of doubles, and the ear of its program.
//
// Threads: the test's is the program's; what it hears comes on the node's.
#pragma once

#include "kernel/node/node.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace jackfield::doubles {

using namespace jackfield::kernel;

/// Notes what is heard, and wakes the test.
class Ear : public NodeListener, public CallListener {
public:
    void timeline(const TimelineEvent& event) override
    {
        std::unique_lock lock(mutex_);
        const auto what = std::exchange(in_timeline_, nullptr);
        lock.unlock();
        if (what) // which may have something to tell, too
            what();
        lock.lock();
        told_.push_back(std::string(name_of(event.step)) + " " + std::string(name_of(event.moment)));
        changed_.notify_all();
    }
    void answered(Call&) override
    {
        const std::lock_guard lock(mutex_);
        ++answers_;
        changed_.notify_all();
    }
    void ended(Call&, const CallEnd& end) override
    {
        const std::lock_guard lock(mutex_);
        ends_.push_back(end);
        changed_.notify_all();
    }

    /// True once that line was told so often, now or later.
    bool hears(const std::string& line, std::ptrdiff_t times = 1)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return std::ranges::count(told_, line) >= times; });
    }

    bool told(const std::string& line) { return count(line) != 0; }
    std::ptrdiff_t count(const std::string& line)
    {
        const std::lock_guard lock(mutex_);
        return std::ranges::count(told_, line);
    }

    bool answered_once()
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return answers_ == 1; });
    }
    bool ended_once()
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return ends_.size() == 1; });
    }

    std::vector<CallEnd> ends()
    {
        const std::lock_guard lock(mutex_);
        return ends_;
    }

    /// Does it once, on the node's thread, at the next line of the timeline.
    void do_in_timeline(std::function<void()> what)
    {
        const std::lock_guard lock(mutex_);
        in_timeline_ = std::move(what);
    }

private:
    std::mutex mutex_;
    std::function<void()> in_timeline_;
    std::condition_variable changed_;
    std::vector<std::string> told_;
    std::vector<CallEnd> ends_;
    int answers_ = 0;
};

/// A node of doubles. When it is gone, so is everything of theirs.
class NodeWithDoubles : public ::testing::Test {
protected:
    std::unique_ptr<Node> make()
    {
        auto node = Node::create(config_of_doubles(), registry_of_doubles(), ear_);
        if (!node)
            throw kernel::Failure(node.error());
        return std::move(*node);
    }
    ~NodeWithDoubles() override
    {
        EXPECT_EQ(stage_.names(), "nothing");
        EXPECT_EQ(stage_.problems, std::vector<std::string>());
    }

    const MediaPlan plan_{"tone", "tape", true, false};
    Stage stage_;
    std::shared_ptr<Ear> ear_ = std::make_shared<Ear>();
};

} // namespace jackfield::doubles
