// The thread that plays for many: when it does, for whom, and that nobody plays once he has been removed.

#include "kernel/media/play_thread.hpp"

#include "kernel/executor/instance_host.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <vector>

namespace jackfield::kernel {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);
constexpr auto kNotByItself = std::numeric_limits<std::int64_t>::max();

/// Notes when it plays, and on which thread.
class Noted final : public Player {
public:
    explicit Noted(std::function<std::int64_t()> next = [] { return kNotByItself; }) : next_(std::move(next)) {}

    std::int64_t play(std::int64_t now_ns) override
    {
        const std::int64_t next_ns = next_();
        const std::lock_guard lock(mutex_);
        times_ns_.push_back(now_ns);
        thread_ = std::this_thread::get_id();
        changed_.notify_all();
        return next_ns;
    }

    bool wait_for_times(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, [&] { return times_ns_.size() >= count; });
    }
    std::vector<std::int64_t> times_ns()
    {
        const std::lock_guard lock(mutex_);
        return times_ns_;
    }
    std::thread::id thread()
    {
        const std::lock_guard lock(mutex_);
        return thread_;
    }

private:
    const std::function<std::int64_t()> next_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::int64_t> times_ns_;
    std::thread::id thread_;
};

TEST(PlayThread, PlaysAtOnceAndAgainWhenThatIsDue)
{
    constexpr std::int64_t kPauseNs = 5'000'000;
    PlayThread thread;
    Noted player([] { return monotonic_ns() + kPauseNs; });
    thread.add(player);
    ASSERT_TRUE(player.wait_for_times(4));
    thread.remove(player);
    const auto times_ns = player.times_ns();
    for (std::size_t i = 1; i < times_ns.size(); ++i)
        EXPECT_GE(times_ns[i] - times_ns[i - 1], kPauseNs);
}

TEST(PlayThread, PlaysForAllOfThemOnOneThread)
{
    PlayThread thread;
    Noted one;
    Noted other;
    thread.add(one);
    thread.add(other);
    ASSERT_TRUE(one.wait_for_times(1));
    ASSERT_TRUE(other.wait_for_times(1));
    EXPECT_EQ(one.thread(), other.thread());
    EXPECT_NE(one.thread(), std::this_thread::get_id());
    const auto earlier = one.times_ns().size();
    thread.wake(other);
    ASSERT_TRUE(other.wait_for_times(2));
    EXPECT_EQ(one.times_ns().size(), earlier) << "nothing has arrived for that one";
    thread.remove(one);
    thread.remove(other);
}

TEST(PlayThread, PlaysAgainForWhatArrivesWhileItPlays)
{
    PlayThread thread;
    Noted* self = nullptr;
    int plays = 0;
    Noted player([&] {
        if (++plays == 1)
            thread.wake(*self);
        return kNotByItself;
    });
    self = &player;
    thread.add(player);
    EXPECT_TRUE(player.wait_for_times(2));
    thread.remove(player);
}

TEST(PlayThread, NobodyPlaysWhoHasBeenRemoved)
{
    PlayThread thread;
    for (int i = 0; i < 100; ++i) {
        auto player = std::make_unique<Noted>([] { return std::int64_t{0}; }); // all the time
        thread.add(*player);
        ASSERT_TRUE(player->wait_for_times(1));
        thread.remove(*player);
        const auto times = player->times_ns().size();
        thread.wake(*player);
        EXPECT_EQ(player->times_ns().size(), times);
        player.reset(); // a sanitizer would see who still plays
    }
}

TEST(PlayThread, AWakeOfSomebodyWhoIsNotThereIsNothing)
{
    PlayThread thread;
    Noted player;
    thread.wake(player);
    thread.remove(player);
    EXPECT_TRUE(player.times_ns().empty());
}

} // namespace
} // namespace jackfield::kernel
