// The host of an instance: order, timers, and the gate that closes before the instance goes away.
//
// Threads: the test's thread posts; the tasks run on a real control thread.

#include "kernel/executor/instance_host.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace {

using namespace jackfield::kernel;
using namespace std::chrono_literals;

/// A task that counts what becomes of it.
struct Counted {
    std::function<void()> body;
    std::atomic<int>& runs;
    std::atomic<int>& drops;

    jf_task task()
    {
        return {new Counted(*this),
                [](void* self) {
                    const std::unique_ptr<Counted> one(static_cast<Counted*>(self));
                    ++one->runs;
                    if (one->body)
                        one->body();
                },
                [](void* self) {
                    const std::unique_ptr<Counted> one(static_cast<Counted*>(self));
                    ++one->drops;
                }};
    }
};

class InstanceHostTest : public ::testing::Test {
protected:
    void post(std::function<void()> body = {})
    {
        host_.raw().post(host_.raw().self, Counted{std::move(body), runs_, drops_}.task());
    }

    jf_timer start_timer(std::chrono::nanoseconds delay, std::function<void()> body = {})
    {
        return host_.raw().start_timer(host_.raw().self, delay.count(), Counted{std::move(body), runs_, drops_}.task());
    }

    /// Runs f on the control thread and waits for it.
    void on_control(std::function<void()> f)
    {
        std::promise<void> done;
        control_.post([&] {
            f();
            done.set_value();
        });
        done.get_future().wait();
    }

    std::atomic<int> runs_{0};
    std::atomic<int> drops_{0};
    ControlThread control_;
    HostServices services_;
    InstanceHost host_{control_, services_, "test"};
};

TEST_F(InstanceHostTest, RunsTasksOnTheControlThreadInTheOrderOfPosting)
{
    std::vector<int> order;
    std::promise<void> done;
    control_.start();
    for (int i = 0; i < 100; ++i) {
        post([&, i] {
            EXPECT_TRUE(control_.is_current());
            order.push_back(i);
            if (i == 99)
                done.set_value();
        });
    }
    ASSERT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_F(InstanceHostTest, NeverRunsATaskInsideThePost)
{
    std::promise<bool> ran_inside;
    control_.start();
    post([&] {
        bool inside = false;
        post([&] { inside = true; });
        ran_inside.set_value(inside);
    });
    EXPECT_FALSE(ran_inside.get_future().get());
    on_control([] {});
    on_control([] {}); // `inside` is gone by now: the second task must have run before
    SUCCEED();
}

TEST_F(InstanceHostTest, DropsWhatIsQueuedWhenTheGateCloses)
{
    for (int i = 0; i < 5; ++i)
        post();
    start_timer(1h);
    host_.close_gate();
    control_.start();
    on_control([] {});
    EXPECT_EQ(runs_, 0);
    EXPECT_EQ(drops_, 6);
    EXPECT_EQ(host_.waiting(), 0U);
}

TEST_F(InstanceHostTest, DropsAtOnceWhatIsPostedAfterTheGateClosed)
{
    host_.close_gate();
    post();
    start_timer(0ns);
    EXPECT_EQ(drops_, 2);
}

TEST_F(InstanceHostTest, ATaskMayCloseTheGateUponTheTasksBehindIt)
{
    control_.start();
    std::promise<void> first_is_queued;
    control_.post([wait = first_is_queued.get_future().share()] { wait.wait(); });
    post([&] { host_.close_gate(); });
    post();
    first_is_queued.set_value();
    on_control([] {});
    on_control([] {});
    EXPECT_EQ(runs_, 1);
    EXPECT_EQ(drops_, 1);
}

TEST_F(InstanceHostTest, ACancelledTimerIsDroppedAndNeverRuns)
{
    control_.start();
    const auto timer = start_timer(1h);
    host_.raw().cancel_timer(host_.raw().self, timer);
    EXPECT_EQ(drops_, 1);
    host_.raw().cancel_timer(host_.raw().self, timer); // once more does nothing
    EXPECT_EQ(drops_, 1);
    EXPECT_EQ(runs_, 0);
}

TEST_F(InstanceHostTest, ATimerRunsNotBeforeItsTime)
{
    control_.start();
    std::promise<std::int64_t> at;
    const auto began = monotonic_ns();
    start_timer(20ms, [&] { at.set_value(monotonic_ns()); });
    EXPECT_GE(at.get_future().get() - began, 20'000'000);
}

TEST_F(InstanceHostTest, PostsFromManyThreadsAllRun)
{
    control_.start();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([this] {
            for (int i = 0; i < 1000; ++i)
                post();
        });
    for (auto& thread : threads)
        thread.join();
    std::promise<void> last;
    post([&] { last.set_value(); });
    last.get_future().wait();
    EXPECT_EQ(runs_, 4001);
}

TEST_F(InstanceHostTest, KnowsWhoIsOnTheControlThread)
{
    control_.start();
    EXPECT_EQ(host_.raw().on_control_thread(host_.raw().self), 0);
    on_control([&] { EXPECT_EQ(host_.raw().on_control_thread(host_.raw().self), 1); });
}

} // namespace
