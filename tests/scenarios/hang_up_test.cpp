// Somebody hangs up: at every event of a call, on either side, and at the moment at which the other answers. Both ends
// hear of an end, once, the next call goes through, and afterwards nothing is left.
//
// Threads: the test's; both nodes run in this process and speak on their control threads.
#include "world.hpp"

#include "kernel/node/node.hpp"

#include <gtest/gtest.h>

#include <latch>

namespace scenarios {
namespace {

using namespace jackfield::kernel;

/// "signaling progress ringing": what a call's event is, without its figures.
std::string name_of_event(const TimelineEvent& event)
{
    const Json detail = Json::parse(event.detail_json, nullptr, false);
    const std::string what = detail.is_object() ? detail.value("what", "") : "";
    return std::string(name_of(event.step)) + " " + std::string(name_of(event.moment)) + (what.empty() ? "" : " ") +
           what;
}

/// One end. Hangs up as soon as that event has come, if one is named and there is a call to hang up.
class End final : public NodeListener, public CallListener, public std::enable_shared_from_this<End> {
public:
    explicit End(std::string last, bool answers = true) : last_(std::move(last)), answers_(answers) {}

    void timeline(const TimelineEvent& event) override
    {
        const std::lock_guard lock(mutex_);
        if (event.call.empty() || event.side == Side::node) {
            announced_ = announced_ || event.detail_json.find("announced") != std::string::npos;
        } else {
            const std::string name = name_of_event(event);
            if (std::ranges::find(events_, name) == events_.end())
                events_.push_back(name);
            // Not every event comes in every call; statistics come in each, once a second.
            over_ = over_ || name == last_ || (!last_.empty() && name == "media progress statistics");
        }
        look();
    }
    IncomingPlan incoming(const IncomingCall&) override
    {
        const std::lock_guard lock(mutex_);
        ++begun_;
        return {plan, shared_from_this(), std::nullopt};
    }
    void ringing(Call& call) override
    {
        {
            const std::lock_guard lock(mutex_);
            rings_ = true;
            call_ = call.shared_from_this();
            look();
        }
        if (call.side == Side::callee && answers_)
            call.answer();
    }
    void ended(Call&, const CallEnd& end) override
    {
        const std::lock_guard lock(mutex_);
        call_.reset();
        ends_.push_back(end);
        changed_.notify_all();
    }

    void place(Node& node, const std::string& account)
    {
        const auto call = node.call(account, plan, shared_from_this());
        const std::lock_guard lock(mutex_);
        ++begun_;
        if (!call_ && ends_.empty()) // it may ring already, and then it is known
            call_ = call;
        if (call_ && over_)
            node.hang_up(call_);
        node_ = &node;
    }
    void belongs_to(Node* node)
    {
        const std::lock_guard lock(mutex_);
        node_ = node;
    }

    bool is_announced()
    {
        return wait([&] { return announced_; });
    }
    bool rings()
    {
        return wait([&] { return rings_; });
    }
    bool has(const std::string& event)
    {
        return wait([&] { return std::ranges::find(events_, event) != events_.end(); });
    }
    /// Each call that began has ended, once.
    bool all_ended()
    {
        return wait([&] { return static_cast<int>(ends_.size()) == begun_; });
    }
    std::vector<CallEnd> ends()
    {
        const std::lock_guard lock(mutex_);
        return ends_;
    }
    std::vector<std::string> events()
    {
        const std::lock_guard lock(mutex_);
        return events_;
    }
    std::shared_ptr<Call> call()
    {
        const std::lock_guard lock(mutex_);
        return call_;
    }
    /// From here on it hangs up at that event.
    void leave_at(const std::string& last)
    {
        const std::lock_guard lock(mutex_);
        last_ = last;
        over_ = rings_ = false;
        events_.clear();
    }

    MediaPlan plan{"test", "null", true, false};

private:
    void look()
    {
        if (over_ && call_ && node_ != nullptr)
            node_->hang_up(call_);
        changed_.notify_all();
    }
    bool wait(const std::function<bool()>& holds)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, holds);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::string last_;
    bool answers_;
    Node* node_ = nullptr;
    bool announced_ = false;
    bool rings_ = false;
    bool over_ = false;
    int begun_ = 0;
    std::vector<std::string> events_;
    std::vector<CallEnd> ends_;
    std::shared_ptr<Call> call_; // gone before the end goes: it holds its listener
};

/// A node that is online, and its ear.
struct Person {
    Person(World& world, const std::string& name, bool answers = true) : ear(std::make_shared<End>("", answers))
    {
        auto made = Node::create(*load_config((world.folder() / (name + ".json")).string()), ear);
        if (!made)
            throw std::runtime_error(made.error().text);
        node = std::move(*made);
        account = node->start()->account_id;
        ear->belongs_to(node.get());
    }
    ~Person() { node->stop(); }
    Person(const Person&) = delete;
    Person& operator=(const Person&) = delete;

    std::shared_ptr<End> ear;
    std::unique_ptr<Node> node;
    std::string account;
};

struct Holds {
    long descriptors = 0;
    long threads = 0;
};

Holds holds()
{
    const auto count = [](const char* folder) {
        return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
    };
    return {count("/proc/self/fd"), count("/proc/self/task")};
}

class HangUp : public ::testing::Test {
protected:
    HangUp()
    {
        // Alice is somebody else each time: of one account only so many links are opened at once. And nodes that come
        // and go at one address would run into the limits of a DHT.
        const Json direct{{{"use", "discovery-static"}, {"config", {{"listen", "127.0.0.1:0"}}}}};
        world_.configure("alice", {.slots = {{"identity", {{"use", "identity-memory"}}}, {"discovery", direct}}});
        world_.configure("bob", {.slots = {{"discovery", direct}}});
    }

    /// A cold call that goes well. Its events on that side, in their order.
    std::vector<std::string> events_of_a_call(bool of_caller)
    {
        const auto listening = bob_listens();
        Person& bob = *listening;
        Person alice(world_, "alice");
        alice.ear->place(*alice.node, bob.account);
        EXPECT_TRUE(alice.ear->has("media progress first_audio"));
        EXPECT_TRUE(bob.ear->has("media progress first_audio"));
        alice.node->hang_up(alice.ear->call());
        EXPECT_TRUE(alice.ear->all_ended());
        EXPECT_TRUE(bob.ear->all_ended());
        auto events = (of_caller ? alice : bob).ear->events();
        std::erase_if(events, [](const std::string& event) {
            return event.starts_with("call done") || event == "media progress statistics";
        });
        return events;
    }

    /// Bob, found where he listens now.
    std::unique_ptr<Person> bob_listens(bool answers = true)
    {
        auto bob = std::make_unique<Person>(world_, "bob", answers);
        EXPECT_TRUE(bob->ear->is_announced());
        world_.introduce("alice", bob->account, bob->node->discovery_address());
        return bob;
    }

    World world_{false};
};

/// An end in order: hung up by somebody, and nothing broke.
void expect_in_order(const CallEnd& end, const std::string& where)
{
    const bool cancelled = end.error.status == JF_CANCELLED || end.error.status == JF_REFUSED;
    EXPECT_TRUE(end.error.status == JF_OK || cancelled) << where << ": " << end.error.text;
}

TEST_F(HangUp, OfTheCallerAtEveryEventEndsTheCallAtBothEndsAndLeavesNothing)
{
    const auto events = events_of_a_call(true);
    ASSERT_GT(events.size(), 10U);
    const Holds before = holds();
    {
        const auto listening = bob_listens();
        Person& bob = *listening;
        for (const auto& event : events) {
            SCOPED_TRACE("hung up at " + event);
            {
                Person alice(world_, "alice");
                alice.ear->leave_at(event);
                alice.ear->place(*alice.node, bob.account);
                ASSERT_TRUE(alice.ear->all_ended());
                expect_in_order(alice.ear->ends().front(), event);
            }
            ASSERT_TRUE(bob.ear->all_ended());
            for (const auto& end : bob.ear->ends())
                expect_in_order(end, event);
        }
    }
    const Holds after = holds();
    EXPECT_EQ(after.descriptors, before.descriptors);
    EXPECT_EQ(after.threads, before.threads);
}

TEST_F(HangUp, OfTheCalleeAtEveryEventEndsTheCallAtBothEndsAndLeavesNothing)
{
    const auto events = events_of_a_call(false);
    ASSERT_GT(events.size(), 4U);
    const Holds before = holds();
    {
        const auto listening = bob_listens();
        Person& bob = *listening;
        for (const auto& event : events) {
            SCOPED_TRACE("hung up at " + event);
            bob.ear->leave_at(event);
            Person alice(world_, "alice");
            alice.ear->place(*alice.node, bob.account);
            ASSERT_TRUE(alice.ear->all_ended());
            ASSERT_TRUE(bob.ear->all_ended());
            expect_in_order(alice.ear->ends().front(), event);
            expect_in_order(bob.ear->ends().back(), event);
            EXPECT_TRUE(alice.ear->ends().front().by_peer);
        }
        EXPECT_EQ(bob.ear->ends().size(), events.size());
    }
    const Holds after = holds();
    EXPECT_EQ(after.descriptors, before.descriptors);
    EXPECT_EQ(after.threads, before.threads);
}

TEST_F(HangUp, AtTheMomentOfTheAnswerBothEndsAgreeThatItIsOver)
{
    const auto listening = bob_listens(/*answers=*/false);
    Person& bob = *listening;
    Person alice(world_, "alice");
    int answered = 0;
    for (int round = 0; round < 40; ++round) {
        alice.ear->leave_at("");
        bob.ear->leave_at("");
        alice.ear->place(*alice.node, bob.account);
        ASSERT_TRUE(alice.ear->rings() && bob.ear->rings());
        const auto calls = std::pair(alice.ear->call(), bob.ear->call());
        std::latch both(2);
        std::thread other([&] {
            both.arrive_and_wait();
            bob.node->answer(calls.second);
        });
        both.arrive_and_wait();
        alice.node->hang_up(calls.first);
        other.join();
        ASSERT_TRUE(alice.ear->all_ended()) << "round " << round;
        ASSERT_TRUE(bob.ear->all_ended()) << "round " << round;
        const auto hers = alice.ear->ends().back();
        const auto his = bob.ear->ends().back();
        expect_in_order(hers, "alice");
        expect_in_order(his, "bob");
        EXPECT_TRUE(his.by_peer);
        answered += his.answered ? 1 : 0;
    }
    ::testing::Test::RecordProperty("answered", answered);
    std::cout << "  of 40 cancelled calls " << answered << " had been answered there\n";
}

TEST_F(HangUp, OfAProgramAtAnyStepEndsBothWithTheirExitCodes)
{
    const auto account = world_.account("bob");
    const std::vector<std::vector<std::string>> events{{"request", "done", ""},
                                                       {"connectivity", "done", ""},
                                                       {"signaling", "progress", "ringing"},
                                                       {"signaling", "done", ""},
                                                       {"media", "progress", "first_audio"}};
    const auto call = [&](const std::string& name) {
        return world_.call(name, account, {"--send", "test", "--audio-only"});
    };
    for (const bool of_caller : {true, false}) {
        for (const auto& event : events) {
            SCOPED_TRACE((of_caller ? "caller at " : "callee at ") + event[0] + " " + event[2]);
            const auto bob = world_.listen("bob", {"--answer", "--send", "test"});
            world_.introduce("alice", account, bob->listening());
            const auto alice = call("alice");
            ASSERT_FALSE(alice->event(event[0], event[1], event[2]).is_null())
                << alice->call_end(1s) << bob->call_end(1s);
            (of_caller ? alice : bob)->interrupt();
            const Json end = alice->call_end();
            ASSERT_FALSE(end.is_null());
            const int code = alice->exit_code();
            if (!end.contains("status")) { // it was up
                EXPECT_EQ(code, 0) << end;
            } else if (of_caller) {
                EXPECT_EQ(code, 130) << end;
            } else {
                EXPECT_TRUE(code == 4 || code == 5) << code << end; // refused, or nobody is there any more
            }
            if (of_caller)
                bob->interrupt();
            EXPECT_EQ(bob->exit_code(), 0);
        }
    }
}

} // namespace
} // namespace scenarios
