// The node as a program uses it: its own thread, its door, and its end in the middle of whatever is going on.
//
// Threads: the test's is the program's; what it hears comes on the node's.

#include "tests/kernel/node/node_ear.hpp"

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

using NodeTest = NodeWithDoubles;

TEST_F(NodeTest, SaysWhoItIsAndGoesOnline)
{
    const auto node = make();
    const auto ids = node->start();
    ASSERT_TRUE(ids);
    EXPECT_EQ(ids->account_id, "alice");
    EXPECT_EQ(ids->device_id, "alice-1");
    EXPECT_TRUE(ear_->hears("discovery progress"));
    EXPECT_EQ(node->describe_discovery(), R"({"doubles":{}})");
    EXPECT_EQ(node->discovery_address(), "");
}

TEST_F(NodeTest, LoadsItsIdentityOnce)
{
    const auto node = make();
    ASSERT_TRUE(node->load_identity());
    stage_.script.load = Play::fails;
    EXPECT_TRUE(node->load_identity());
}

TEST_F(NodeTest, SaysWhyItHasNoIdentity)
{
    stage_.script.load = Play::fails;
    stage_.script.status = JF_EXHAUSTED;
    const auto node = make();
    const auto ids = node->start();
    ASSERT_FALSE(ids);
    EXPECT_EQ(ids.error().status, JF_EXHAUSTED);
    EXPECT_EQ(ids.error().text, kScripted);
    EXPECT_TRUE(ear_->hears("identity failed"));
}

TEST_F(NodeTest, RefusesToWaitForItselfOnItsOwnThread)
{
    const auto node = make();
    bool refused = false;
    ear_->do_in_timeline([&] {
        try {
            node->describe_discovery();
        } catch (const Failure& failure) {
            refused = failure.status() == JF_INTERNAL;
        }
    });
    ASSERT_TRUE(node->start());
    EXPECT_TRUE(refused);
}

TEST_F(NodeTest, MakesACallAndEndsIt)
{
    const auto node = make();
    ASSERT_TRUE(node->start());
    const auto call = node->call("bob", plan_, ear_);
    ASSERT_TRUE(ear_->hears("media start"));
    node->hang_up(call);
    ASSERT_TRUE(ear_->hears("call done"));
    node->stop();
    ASSERT_EQ(ear_->ends().size(), 1U);
    EXPECT_TRUE(ear_->ends()[0].answered);
}

TEST_F(NodeTest, StopsInTheMiddleOfEveryStep)
{
    const std::vector<std::pair<Play Script::*, const char*>> places{
        {&Script::find, "discovery start"},      {&Script::answer, "answer start"},
        {&Script::tls, "secure_channel start"},  {&Script::ring, "signaling start"},
        {&Script::accept, "signaling progress"}, {&Script::media, "signaling done"},
        {&Script::announce, "media start"},
    };
    for (const auto& [held, place] : places) {
        ear_ = std::make_shared<Ear>();
        stage_.script = {};
        stage_.script.*held = Play::waits;
        {
            const auto node = make();
            ASSERT_TRUE(node->start());
            node->call("bob", plan_, ear_);
            ASSERT_TRUE(ear_->hears(place)) << place;
        }
        EXPECT_EQ(ear_->ends().size(), 1U) << place;
        EXPECT_EQ(stage_.names(), "nothing") << place;
    }
}

TEST_F(NodeTest, DoesNotLetAStrangerCallBackOverALinkWhereContactsAloneMayCall)
{
    Config config = config_of_doubles();
    config.call.calls_from = CallsFrom::kContacts;
    auto node = Node::create(config, registry_of_doubles(), ear_);
    ASSERT_TRUE(node);
    ASSERT_TRUE((*node)->start());
    const auto call = (*node)->call("bob", plan_, ear_);
    ASSERT_TRUE(ear_->hears("media start"));
    SignalingDouble::Session* signaling = nullptr;
    ear_->do_in_timeline([&] {
        signaling = &stage_.get<SignalingDouble::Session>("signaling bob-1");
        signaling->invited(3);
    });
    (*node)->hang_up(call);
    ASSERT_TRUE(ear_->hears("call failed")) << "that of the stranger";
    ASSERT_TRUE(ear_->hears("call done")) << "and ours";
    (*node)->describe_discovery(); // on the node's thread, and waited for: what that has said is there to be read
    EXPECT_EQ(std::ranges::count(signaling->said, "refuse no answer"), 1);
    EXPECT_EQ(std::ranges::count(signaling->said, "ring"), 0);
}

TEST_F(NodeTest, MayGoAwayBeforeItWasStarted)
{
    make();
    const auto node = make();
    node->stop();
    node->stop();
}

TEST_F(NodeTest, SaysWhatIsWrongWithItsConfiguration)
{
    Config config = config_of_doubles();
    config.choices.front().use = "nobody";
    const auto node = Node::create(config, registry_of_doubles(), ear_);
    ASSERT_FALSE(node);
    EXPECT_EQ(node.error().status, JF_BAD_CONFIG);
}

} // namespace
