// A machine that gets another address: what was kept open is open again before anybody needs it.
//
// Threads: the test's; the nodes run in this process, in a network of its own, and tell on their control threads.

#include "heard_lines.hpp"
#include "own_network.hpp"
#include "world.hpp"

#include "kernel/node/node.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace scenarios {
namespace {

using namespace jackfield::kernel;

/// What a node's timeline has said, and how calls end.
class Teller final : public HeardLines, public NodeListener, public CallListener {
public:
    void timeline(const TimelineEvent& event) override
    {
        const Json detail = Json::parse(event.detail_json, nullptr, false);
        if (detail.is_object() && detail.value("what", "") == "statistics" && detail.value("packets_received", 0) > 20)
            hear("a second of sound"); // has fifty
        hear(std::string(name_of(event.step)) + event.detail_json);
    }
    IncomingPlan incoming(const IncomingCall&) override
    {
        return {{"test", "null", true, false}, self.lock(), std::nullopt};
    }
    void ringing(Call& call) override
    {
        if (call.side == Side::callee)
            call.answer();
    }
    void ended(Call&, const CallEnd&) override { hear("ended"); }

    std::weak_ptr<Teller> self;
};

struct Peer {
    Peer(World& world, const std::string& name, const PeerOptions& options = {.connectivity = Json::object()})
    {
        teller->self = teller;
        auto created = Node::create(*load_config(world.configure(name, options)), teller);
        if (!created)
            throw std::runtime_error(created.error().text);
        node = std::move(*created);
        account = node->start()->account_id;
    }

    std::shared_ptr<Teller> teller = std::make_shared<Teller>();
    std::unique_ptr<Node> node;
    std::string account;
};

/// An interface with that address; the only one beside the loopback.
bool plug_in(const std::string& address)
{
    return run("ip", {"link", "add", "near", "type", "veth", "peer", "name", "far"}) &&
           run("ip", {"link", "set", "near", "up"}) && run("ip", {"link", "set", "far", "up"}) &&
           run("ip", {"address", "add", address, "dev", "near"});
}

TEST(NetworkChange, OpensAnewWhatStoodOnAnAddressThatHasGone)
{
    if (const auto reason = enter_namespace(); !reason.empty())
        GTEST_SKIP() << reason;
    if (!plug_in("10.77.0.1/24"))
        GTEST_SKIP() << "ip cannot make an interface in a namespace here";
    World world;
    const Peer bob(world, "bob");
    Peer alice(world, "alice");
    ASSERT_TRUE(bob.teller->hears(R"("what":"announced")"));
    const auto call = alice.node->call(bob.account, {"test", "null", true, false}, alice.teller);
    ASSERT_TRUE(alice.teller->hears(" 10.77.0.1 ")) << "not over the interface";
    ASSERT_TRUE(alice.teller->hears(R"("what":"first_audio_sent")"));
    alice.node->hang_up(call);
    ASSERT_TRUE(alice.teller->hears("ended"));

    ASSERT_TRUE(run("ip", {"address", "add", "10.78.0.2/24", "dev", "near"}));
    ASSERT_TRUE(alice.teller->hears(R"("what":"network_changed")"));
    ASSERT_TRUE(run("ip", {"address", "del", "10.77.0.1/24", "dev", "near"}));
    ASSERT_TRUE(alice.teller->hears(R"("gone":["10.77.0.1"])"));
    EXPECT_TRUE(alice.teller->hears(" 10.78.0.2 "));
    EXPECT_TRUE(alice.teller->hears("kept link reopened"));

    world.stop_dht(); // nothing but the link leads to bob
    const auto second = alice.node->call(bob.account, {"test", "null", true, false}, alice.teller);
    EXPECT_TRUE(alice.teller->hears(R"(connectivity{"what":"kept"})"));
    EXPECT_TRUE(alice.teller->hears(R"("what":"first_audio_sent")"));
    alice.node->hang_up(second);
    EXPECT_TRUE(alice.teller->hears("ended"));
}

struct Stack {
    const char* name;
    Json slots;

    friend std::ostream& operator<<(std::ostream& out, const Stack& stack) { return out << stack.name; }
};

/// Encryption, channels and media over one QUIC connection.
Json over_quic()
{
    const Json media{{"use", "media-plain"}, {"over", "multiplexer"}, {"config", {{"insecure", false}}}};
    return {{"secure_channel", {{"use", "quic-ngtcp2"}}}, {"reliable_stream", nullptr}, {"media_transport", {media}}};
}

/// Bob, called by Alice over an interface; sound both ways. The interface may be another from here on.
class CallOverAnInterface : public ::testing::TestWithParam<Stack> {
protected:
    void SetUp() override
    {
        if (const auto reason = enter_namespace(); !reason.empty())
            GTEST_SKIP() << reason;
        if (!plug_in("10.77.0.1/24"))
            GTEST_SKIP() << "ip cannot make an interface in a namespace here";
        world_ = std::make_unique<World>();
        const PeerOptions options{.connectivity = Json::object(), .slots = GetParam().slots};
        bob_ = std::make_unique<Peer>(*world_, "bob", options);
        alice_ = std::make_unique<Peer>(*world_, "alice", options);
        ASSERT_TRUE(bob_->teller->hears(R"("what":"announced")"));
        alice_->node->call(bob_->account, {"test", "null", true, false}, alice_->teller);
        ASSERT_TRUE(alice_->teller->hears(R"("what":"first_audio")"));
    }

    std::unique_ptr<World> world_;
    std::unique_ptr<Peer> bob_;
    std::unique_ptr<Peer> alice_;
};

TEST_P(CallOverAnInterface, GoesOnWhenTheAddressItStoodOnHasGone)
{
    ASSERT_TRUE(run("ip", {"address", "add", "10.78.0.2/24", "dev", "near"}));
    ASSERT_TRUE(alice_->teller->hears(R"("what":"network_changed")"));
    ASSERT_TRUE(run("ip", {"address", "del", "10.77.0.1/24", "dev", "near"}));
    EXPECT_TRUE(alice_->teller->hears(R"("what":"reconnected")")) << alice_->teller->all() << bob_->teller->all();
    EXPECT_TRUE(bob_->teller->hears(R"("what":"reconnected")"));
    for (const auto* peer : {alice_.get(), bob_.get()}) { // the next second may have begun before
        EXPECT_TRUE(peer->teller->hears(R"("what":"statistics")"));
        EXPECT_TRUE(peer->teller->hears("a second of sound")) << peer->teller->all();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Plugins, CallOverAnInterface,
    ::testing::Values(Stack{"signaling_sip_ice_libnice", Json::object()},
                      Stack{"signaling_json_ice_libnice", {{"signaling", {{"use", "signaling-json"}}}}},
                      Stack{"signaling_sip_ice_direct", {{"connectivity", {{"use", "ice-direct"}}}}},
                      Stack{"quic", over_quic()}),
    [](const auto& test) { return std::string(test.param.name); });

} // namespace
} // namespace scenarios
