// Texts between real processes: to one that is there, to one that comes later, through kills at every stage, a storm, a
// full store, a call. What was accepted arrives once, and in order.
//
// Threads: the test's; a node in this process tells what it hears on its control thread.
#include "world.hpp"

#include "kernel/node/node.hpp"
#include "kernel/texts/text_store.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace scenarios {
namespace {

using namespace jackfield::kernel;

/// A node in this process, and what it hears.
class Writer final : public NodeListener, public CallListener {
public:
    void timeline(const TimelineEvent& event) override
    {
        note([&] {
            said_.push_back(std::string(name_of(event.step)) + " " + std::string(name_of(event.moment)) + " " +
                            event.detail_json);
        });
    }
    void text_delivered(const std::string&, const std::string& id) override
    {
        note([&] { delivered_.push_back(id); });
    }
    void text_received(const Text& text) override
    {
        note([&] { received_.push_back(text.body); });
    }
    void typing(const std::string&, bool active) override
    {
        note([&] { typing_.push_back(active); });
    }

    bool hears(const std::string& words)
    {
        return wait([&] {
            return std::ranges::any_of(said_, [&](const auto& said) { return said.find(words) != std::string::npos; });
        });
    }
    std::size_t count(const std::string& words)
    {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::ranges::count_if(said_, [&](const auto& said) { return said.find(words) != std::string::npos; }));
    }
    bool delivered(std::size_t count, std::chrono::seconds limit = 60s)
    {
        return wait([&] { return delivered_.size() == count; }, limit);
    }
    bool received(const std::string& body)
    {
        return wait([&] { return std::ranges::find(received_, body) != received_.end(); });
    }

private:
    void note(const std::function<void()>& what)
    {
        const std::lock_guard lock(mutex_);
        what();
        changed_.notify_all();
    }
    bool wait(const std::function<bool()>& done, std::chrono::seconds limit = 20s)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, done);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> said_;
    std::vector<std::string> delivered_;
    std::vector<std::string> received_;
    std::vector<bool> typing_;
};

class Texting : public ::testing::Test {
protected:
    Texting()
    {
        for (const char* name : {"alice", "bob"}) {
            world_.configure(name, {.call = {{"connect_timeout_s", 3}}});
            settings_of(name, {{"burst", 5000}});
        }
        bob_ = world_.account("bob");
        alice_ = world_.account("alice");
    }

    void settings_of(const std::string& name, const Json& texts)
    {
        world_.change(name, [&](Json& config) { config["texts"] = texts; });
    }
    std::string file(const std::string& name) const { return (world_.folder() / (name + ".json")).string(); }
    std::filesystem::path store(const std::string& name) const { return world_.folder() / (name + ".texts.sqlite"); }

    /// Alice's node in this process.
    std::unique_ptr<Node> alice_node()
    {
        auto node = Node::create(*load_config(file("alice")), writer_);
        EXPECT_TRUE(node) << node.error().text;
        const auto started = (*node)->start();
        EXPECT_TRUE(started) << started.error().text;
        return std::move(*node);
    }

    std::unique_ptr<Process> alice_writes(const std::string& text, const std::string& wait = "20")
    {
        return std::make_unique<Process>(
            std::vector<std::string>{"text", "--config", file("alice"), "--events", "json", "--wait", wait, bob_, text},
            world_.folder() / ("alice-text" + std::to_string(++logs_) + ".log"));
    }

    /// What bob has of alice, each on a line.
    std::string bob_has()
    {
        std::string all;
        for (const auto& text : TextStore({store("bob")}).last(alice_, 100'000))
            all += text.body + "\n";
        return all;
    }

    static std::string numbers(int count)
    {
        std::string all;
        for (int i = 0; i < count; ++i)
            all += std::to_string(i) + "\n";
        return all;
    }

    World world_;
    std::string bob_;
    std::string alice_;
    std::shared_ptr<Writer> writer_ = std::make_shared<Writer>();
    int logs_ = 0;
};

bool is_text(const Json& event)
{
    return event.value("step", "") == "text" && event["detail"].value("what", "") == "text";
}

bool is_text(const Json& event, const std::string& body)
{
    return is_text(event) && event["detail"].value("text", "") == body;
}

TEST_F(Texting, ReachesAListenerAndItsReceiptComesBack)
{
    const auto bob = world_.listen("bob", {"--decline"});
    const auto alice = alice_writes("hello\nbob");
    EXPECT_EQ(alice->exit_code(), 0);
    const Json seen = bob->find([](const Json& event) { return is_text(event, "hello\nbob"); });
    ASSERT_FALSE(seen.is_null());
    EXPECT_EQ(seen["detail"]["account"], alice_);
    EXPECT_EQ(bob_has(), "hello\nbob\n");
}

TEST_F(Texting, IsKeptForAPeerThatIsNotThereAndSentWhenItComes)
{
    EXPECT_EQ(alice_writes("first", "0.2")->exit_code(), 9);
    EXPECT_EQ(alice_writes("second", "0.2")->exit_code(), 9);
    const auto alice = world_.listen("alice", {"--decline"});
    ASSERT_FALSE(alice->event("text", "progress", "waits").is_null());
    const auto bob = world_.listen("bob", {"--decline"});
    ASSERT_FALSE(bob->find([](const Json& event) { return is_text(event, "second"); }).is_null());
    EXPECT_EQ(bob_has(), "first\nsecond\n");
    EXPECT_FALSE(alice
                     ->find([n = 0](const Json& event) mutable {
                         return event.value("step", "") == "text" && event["detail"].value("what", "") == "delivered" &&
                                ++n == 2;
                     })
                     .is_null());
}

TEST_F(Texting, GoesAtOnceWhenThePeerOpensALinkItself)
{
    const auto alice = alice_node();
    ASSERT_TRUE(alice->send_text(bob_, "waits for you"));
    ASSERT_TRUE(writer_->hears(R"("for_s":4)")) << "by now she rests for longer than this test should";
    settings_of("bob", Json::object());
    const auto bob = Node::create(*load_config(file("bob")), nullptr); // he stays as long as it takes
    ASSERT_TRUE(bob && (*bob)->start());
    ASSERT_TRUE((*bob)->send_text(alice_, "I am here"));
    ASSERT_TRUE(writer_->received("I am here"));
    EXPECT_TRUE(writer_->delivered(1));
    (*bob)->stop();
    EXPECT_EQ(bob_has(), "I am here\nwaits for you\n") << "his own stands there as well";
}

TEST_F(Texting, GoesOverTheLinkOfACallThatRuns)
{
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = alice_node();
    const auto call = alice->call(bob_, {"test", "null"}, writer_);
    ASSERT_TRUE(writer_->hears("media start"));
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(alice->send_text(bob_, std::to_string(i)));
    EXPECT_TRUE(writer_->delivered(20));
    EXPECT_EQ(bob_has(), numbers(20));
    EXPECT_EQ(writer_->count("request start"), 1U) << "no other link was asked for";
    alice->hang_up(call);
    EXPECT_TRUE(writer_->hears("call done"));
}

TEST_F(Texting, ATextFromASenderThatIsKilledAfterItWasAcceptedArrivesOnce)
{
    {
        const auto alice = alice_writes("accepted", "60");
        ASSERT_FALSE(alice->event("text", "progress", "kept").is_null());
        alice->kill();
    }
    const auto bob = world_.listen("bob", {"--decline"});
    EXPECT_EQ(alice_writes("and another")->exit_code(), 0);
    EXPECT_EQ(bob_has(), "accepted\nand another\n");
}

TEST_F(Texting, ATextFromASenderThatIsKilledBeforeTheReceiptArrivesOnce)
{
    const auto bob = world_.listen("bob", {"--decline"});
    {
        Database held(store("bob"), 16); // bob has taken the text, and cannot write it down yet
        const Transaction write(held);
        const auto alice = alice_writes("one", "60");
        ASSERT_FALSE(alice->event("secure_channel", "done").is_null());
        ASSERT_FALSE(bob->event("secure_channel", "done").is_null());
        alice->kill();
    }
    EXPECT_EQ(alice_writes("two")->exit_code(), 0);
    EXPECT_EQ(bob_has(), "one\ntwo\n");
    EXPECT_EQ(TextStore({store("alice")}).first_waiting(bob_), 0);
}

TEST_F(Texting, ATextToAReceiverThatIsKilledBeforeItWasKeptArrivesOnce)
{
    const auto alice = alice_node();
    {
        const auto bob = world_.listen("bob", {"--decline"});
        ASSERT_TRUE(alice->send_text(bob_, "zero"));
        ASSERT_TRUE(writer_->delivered(1));
        Database held(store("bob"), 16);
        const Transaction write(held);
        ASSERT_TRUE(alice->send_text(bob_, "one"));
        ASSERT_TRUE(alice->send_text(bob_, "two"));
        bob->kill();
    }
    const auto bob = world_.listen("bob", {"--decline"});
    EXPECT_TRUE(writer_->delivered(3));
    EXPECT_EQ(bob_has(), "zero\none\ntwo\n");
}

TEST_F(Texting, TextsToAReceiverThatIsKilledAgainAndAgainArriveOnceAndInOrder)
{
    const auto alice = alice_node();
    int written = 0;
    for (int kills = 1; kills <= 5; ++kills) {
        const auto bob = world_.listen("bob", {"--decline"});
        const std::jthread writing([&] {
            for (int i = 0; i < 40; ++i)
                EXPECT_TRUE(alice->send_text(bob_, std::to_string(written++)));
        });
        EXPECT_FALSE(
            bob->find([n = 3 * kills](const Json& event) mutable { return is_text(event) && --n == 0; }).is_null());
        bob->kill(); // what it has kept it may not have acknowledged
    }
    const auto bob = world_.listen("bob", {"--decline"});
    EXPECT_TRUE(writer_->delivered(static_cast<std::size_t>(written)));
    EXPECT_EQ(bob_has(), numbers(written));
}

TEST_F(Texting, AStormOfAThousandArrivesOnceAndInOrder)
{
    const auto bob = world_.listen("bob", {"--decline"});
    const auto alice = alice_node();
    for (int i = 0; i < 1000; ++i)
        ASSERT_TRUE(alice->send_text(bob_, std::to_string(i)));
    EXPECT_TRUE(writer_->delivered(1000));
    EXPECT_EQ(bob_has(), numbers(1000));
}

TEST_F(Texting, AStormThatIsTooFastIsRefusedAndArrivesOnceAndInOrderAllTheSame)
{
    settings_of("bob", {{"per_second", 20}, {"burst", 10}});
    const auto bob = world_.listen("bob", {"--decline"});
    const auto alice = alice_node();
    for (int i = 0; i < 60; ++i)
        ASSERT_TRUE(alice->send_text(bob_, std::to_string(i)));
    EXPECT_TRUE(writer_->hears(R"("status":"refused")")) << "it was not too fast";
    EXPECT_TRUE(writer_->delivered(60, 100s));
    EXPECT_EQ(bob_has(), numbers(60));
}

TEST_F(Texting, WhatDoesNotFitAnyMoreArrivesWhenThereIsRoom)
{
    settings_of("bob", {{"max_mib", 1}});
    const auto alice = alice_node();
    std::string all;
    {
        const auto bob = world_.listen("bob", {"--decline"});
        for (int i = 0; i < 60; ++i) {
            const auto text = std::to_string(i) + std::string(30'000, 'x');
            ASSERT_TRUE(alice->send_text(bob_, text));
            all += text + "\n";
        }
        const Json full = bob->event("text", "failed");
        ASSERT_FALSE(full.is_null());
        EXPECT_EQ(full["detail"]["status"], "exhausted");
    }
    const auto kept = bob_has();
    EXPECT_LT(kept.size(), all.size());
    EXPECT_EQ(all.substr(0, kept.size()), kept);
    settings_of("bob", Json::object());
    const auto bob = world_.listen("bob", {"--decline"});
    EXPECT_TRUE(writer_->delivered(60));
    EXPECT_EQ(bob_has(), all);
}

TEST_F(Texting, FromAnAccountThatIsBannedIsNotTaken)
{
    world_.change("bob", [](Json& config) { config["contacts"] = "bob-contacts.json"; });
    std::ofstream(world_.folder() / "bob-contacts.json")
        << Json{{"contacts", {{{"account", alice_}, {"name", "pest"}, {"banned", true}}}}};
    const auto bob = world_.listen("bob", {"--decline"});
    EXPECT_EQ(alice_writes("hear me", "5")->exit_code(), 9);
    EXPECT_EQ(bob_has(), "");
}

} // namespace
} // namespace scenarios
