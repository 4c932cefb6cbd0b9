// A running node takes another configuration: what goes on, what is new, and that a bad one changes nothing.
//
// Threads: the test's is the program's; what it hears comes on the node's.

#include "tests/kernel/node/node_ear.hpp"

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

class Reconfigure : public NodeWithDoubles {
protected:
    Reconfigure() : node_(make()) { EXPECT_TRUE(node_->start()); }

    /// A call that is up.
    std::shared_ptr<Call> running_call(const std::shared_ptr<Ear>& ear, const std::string& account = "bob")
    {
        auto call = node_->call(account, plan_, ear);
        EXPECT_TRUE(ear->answered_once());
        return call;
    }

    /// With other options in that slot.
    static Config with_another(const std::string& slot)
    {
        Config config = config_of_doubles();
        for (auto& choice : config.choices) {
            if (choice.slot->name == slot)
                choice.config_json = R"({"variant": 1})";
        }
        return config;
    }

    std::expected<OwnIds, Error> take(const Config& config)
    {
        return node_->reconfigure(config, registry_of_doubles());
    }

    std::unique_ptr<Node> node_;
    std::shared_ptr<Ear> first_ = std::make_shared<Ear>();
    std::shared_ptr<Ear> second_ = std::make_shared<Ear>();
};

TEST_F(Reconfigure, NewCallsUseTheNewStackAndRunningOnesEndOnTheOld)
{
    const auto old_call = running_call(first_);
    ASSERT_FALSE(ear_->told("multiplexer done"));
    ASSERT_TRUE(take(config_of_doubles({.multiplexer = true})));
    EXPECT_TRUE(ear_->hears("configuration done"));
    const auto new_call = running_call(second_);
    EXPECT_TRUE(ear_->hears("multiplexer done")) << "over a link of its own";
    EXPECT_TRUE(first_->ends().empty());
    node_->hang_up(old_call);
    ASSERT_TRUE(first_->ended_once());
    EXPECT_EQ(first_->ends()[0].error.status, JF_OK);
    EXPECT_TRUE(second_->ends().empty());
    node_->hang_up(new_call);
    ASSERT_TRUE(second_->ended_once());
    EXPECT_EQ(second_->ends()[0].error.status, JF_OK);
}

TEST_F(Reconfigure, APluginThatIsNoLongerNamedGoesWithTheLastCallThatUsesIt)
{
    const auto call = running_call(first_);
    EXPECT_EQ(stage_.count("secure_channel"), 1U);
    ASSERT_TRUE(take(with_another("secure_channel")));
    EXPECT_EQ(stage_.count("secure_channel"), 2U) << "the call's, and the new one";
    EXPECT_EQ(stage_.count("signaling"), 1U) << "the same for both";
    node_->hang_up(call);
    ASSERT_TRUE(first_->ended_once());
    EXPECT_TRUE(stage_.comes_to("secure_channel", 1));
}

TEST_F(Reconfigure, ALinkWithoutACallIsClosedSoThatNobodyCallsOverIt)
{
    stage_.script.devices = {"carol-1"};
    const auto another = running_call(second_, "carol"); // keeps the old stack
    stage_.script.devices = {"bob-1"};
    node_->hang_up(running_call(first_));
    ASSERT_TRUE(first_->ended_once());
    EXPECT_EQ(stage_.count("tls bob-1"), 1U) << "kept for the next call";
    ASSERT_TRUE(take(config_of_doubles({.multiplexer = true})));
    EXPECT_TRUE(stage_.comes_to("tls bob-1", 0));
    EXPECT_EQ(stage_.count("tls carol-1"), 1U);
    EXPECT_TRUE(second_->ends().empty());
    node_->hang_up(another);
    EXPECT_TRUE(second_->ended_once());
    EXPECT_TRUE(stage_.comes_to("tls carol-1", 0));
}

TEST_F(Reconfigure, WhoeverAsksAfterwardsIsTakenInByTheNewStackThoughTheDiscoveryIsTheSame)
{
    const auto call = running_call(first_); // keeps the old stack
    ASSERT_TRUE(take(config_of_doubles({.multiplexer = true})));
    ASSERT_EQ(stage_.count("discovery"), 1U);
    stage_.get<DiscoveryDouble>("discovery")
        .hear_soon(jackfield::Device("dave", "dave-1", "chain"), JF_CALL_REQUEST, 7);
    EXPECT_TRUE(stage_.comes_to("multiplexer", 1)) << "the old stack has none";
    node_->hang_up(call);
    EXPECT_TRUE(first_->ended_once());
}

TEST_F(Reconfigure, ABadConfigurationChangesNothingAndSaysWhy)
{
    const auto call = running_call(first_);
    Config bad = config_of_doubles();
    bad.choices.front().use = "nobody";
    const auto taken = take(bad);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().status, JF_BAD_CONFIG);
    EXPECT_NE(taken.error().text.find("no plugin \"nobody\""), std::string::npos) << taken.error().text;
    EXPECT_TRUE(ear_->hears("configuration failed"));
    EXPECT_TRUE(first_->ends().empty());
    const auto another = running_call(second_);
    EXPECT_EQ(stage_.count("tls bob-1"), 1U) << "over the link that was there";
    node_->hang_up(another);
    node_->hang_up(call);
    EXPECT_TRUE(first_->ended_once());
}

TEST_F(Reconfigure, AnIdentityThatCannotBeLoadedChangesNothing)
{
    stage_.script.load = Play::fails;
    stage_.script.status = JF_EXHAUSTED;
    const auto taken = take(with_another("identity"));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().status, JF_EXHAUSTED);
    EXPECT_EQ(stage_.count("identity"), 1U);
    EXPECT_EQ(stage_.count("discovery"), 1U);
    node_->hang_up(running_call(first_));
    EXPECT_TRUE(first_->ended_once());
}

TEST_F(Reconfigure, AnotherIdentityIsAnnouncedAndTheOldDiscoveryWithdrawn)
{
    EXPECT_TRUE(ear_->hears("discovery progress"));
    const auto taken = take(with_another("identity"));
    ASSERT_TRUE(taken) << taken.error().text;
    EXPECT_EQ(taken->account_id, "alice");
    EXPECT_TRUE(ear_->hears("discovery progress", 2));
    EXPECT_TRUE(stage_.comes_to("discovery", 1) && stage_.comes_to("identity", 1));
    node_->hang_up(running_call(first_));
    EXPECT_TRUE(first_->ended_once());
}

TEST_F(Reconfigure, AnUnchangedConfigurationMakesNoPluginAnew)
{
    ASSERT_TRUE(take(config_of_doubles()));
    ASSERT_TRUE(take(config_of_doubles()));
    for (const char* slot : {"identity", "discovery", "secure_channel", "signaling"})
        EXPECT_EQ(stage_.count(slot), 1U) << slot;
    EXPECT_EQ(ear_->count("discovery start"), 1);
}

TEST_F(Reconfigure, TheNodeMayStopWhileCallsOfThreeConfigurationsGoOn)
{
    const auto first = running_call(first_);
    ASSERT_TRUE(take(with_another("secure_channel")));
    const auto second = running_call(second_);
    ASSERT_TRUE(take(with_another("signaling")));
    const auto third_ear = std::make_shared<Ear>();
    const auto third = running_call(third_ear);
    node_->stop();
    EXPECT_EQ(first_->ends().size(), 1U);
    EXPECT_EQ(second_->ends().size(), 1U);
    EXPECT_EQ(third_ear->ends().size(), 1U);
}

TEST_F(NodeWithDoubles, TakesNoOtherConfigurationBeforeItStartsAndAfterItHasStopped)
{
    const auto node = make();
    const auto early = node->reconfigure(config_of_doubles(), registry_of_doubles());
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().status, JF_BUSY);
    ASSERT_TRUE(node->start());
    node->stop();
    const auto late = node->reconfigure(config_of_doubles(), registry_of_doubles());
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().text, "the node has stopped");
}

TEST_F(Reconfigure, IsRefusedOnTheNodesOwnThread)
{
    bool refused = false;
    ear_->do_in_timeline([&] {
        try {
            take(config_of_doubles());
        } catch (const Failure& failure) {
            refused = failure.status() == JF_INTERNAL;
        }
    });
    node_->hang_up(running_call(first_));
    EXPECT_TRUE(first_->ended_once());
    EXPECT_TRUE(refused);
}

} // namespace
