// A second call over the link that the first one left open.
//
// Threads: the test's; the caller's node runs in this process and tells the timeline on its control thread.
#include "world.hpp"

#include "kernel/node/node.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace jackfield::kernel;

/// The caller: what its timeline has said so far, and how often a call has ended.
class Caller final : public NodeListener, public CallListener {
public:
    void timeline(const TimelineEvent& event) override
    {
        const std::lock_guard lock(mutex_);
        said_.push_back(std::string(name_of(event.step)) + " " + std::string(name_of(event.moment)) + " " +
                        event.detail_json);
        changed_.notify_all();
    }
    void ended(Call&, const CallEnd&) override
    {
        const std::lock_guard lock(mutex_);
        ++ended_;
        changed_.notify_all();
    }

    bool hears(const std::string& words)
    {
        return wait([&] {
            return std::any_of(said_.begin(), said_.end(),
                               [&](const std::string& said) { return said.find(words) != std::string::npos; });
        });
    }
    bool has_heard(const std::string& words)
    {
        const std::lock_guard lock(mutex_);
        return std::any_of(said_.begin(), said_.end(),
                           [&](const std::string& said) { return said.find(words) != std::string::npos; });
    }
    bool has_ended(int calls)
    {
        return wait([&] { return ended_ == calls; });
    }
    void forget()
    {
        const std::lock_guard lock(mutex_);
        said_.clear();
    }

private:
    bool wait(const std::function<bool()>& done)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, done);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> said_;
    int ended_ = 0;
};

TEST(KeptLink, RingsWithoutLookingForTheDeviceFirst)
{
    World world;
    world.configure("bob");
    const std::string alice_file = world.configure("alice");
    const std::string bob = world.account("bob");
    const auto listening = world.listen("bob", {"--answer", "--send", "test"});
    const auto caller = std::make_shared<Caller>();
    const auto node = Node::create(*load_config(alice_file), caller);
    ASSERT_TRUE(node);
    ASSERT_TRUE((*node)->start());
    ASSERT_TRUE(caller->hears("discovery progress"));
    const auto listener = std::shared_ptr<CallListener>(caller);

    const auto first = (*node)->call(bob, {"", "null"}, listener);
    ASSERT_TRUE(caller->hears(R"("what":"first_audio")"));
    (*node)->hang_up(first);
    ASSERT_TRUE(caller->has_ended(1));
    ASSERT_TRUE(listening->calls_ended(1));

    world.stop_dht(); // a look-up would find out nothing, and take seconds over it
    caller->forget();
    const auto second = (*node)->call(bob, {"", "null"}, listener);
    EXPECT_TRUE(caller->hears(R"("what":"first_audio")"));
    EXPECT_TRUE(caller->hears(R"(discovery done {"kept":true})"));
    EXPECT_TRUE(caller->hears(R"(connectivity progress {"what":"kept"})"));
    (*node)->hang_up(second);
    EXPECT_TRUE(caller->has_ended(2));
}

TEST(KeptLink, IsOneAndSoIsTheCallWhenBothEndsCallAtOnce)
{
    World world;
    std::vector<std::shared_ptr<Caller>> callers;
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<std::string> accounts;
    for (const char* name : {"alice", "bob"}) {
        callers.push_back(std::make_shared<Caller>());
        nodes.push_back(*Node::create(*load_config(world.configure(name)), callers.back()));
        accounts.push_back(nodes.back()->start()->account_id);
        ASSERT_TRUE(callers.back()->hears("discovery progress"));
    }
    std::vector<std::shared_ptr<Call>> calls;
    for (const std::size_t one : {0, 1}) {
        const MediaPlan plan{"test", "null", true, false};
        calls.push_back(nodes[one]->call(accounts[1 - one], plan, std::shared_ptr<CallListener>(callers[one])));
    }
    for (const auto& caller : callers)
        EXPECT_TRUE(caller->hears(R"("what":"first_audio")"));
    EXPECT_TRUE(callers[0]->has_heard("theirs goes on") != callers[1]->has_heard("theirs goes on"));
    for (const auto& caller : callers) // the other one may have let its call go before we had even heard of it
        EXPECT_FALSE(caller->has_heard("ours goes on") && caller->has_heard("theirs goes on"));
    nodes[0]->hang_up(calls[0]);
    for (const auto& caller : callers) {
        EXPECT_TRUE(caller->has_ended(1));
        EXPECT_FALSE(caller->has_heard("call failed"));
    }
}

} // namespace
} // namespace scenarios
