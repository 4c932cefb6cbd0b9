// Step 5 before step 4 is done: the first flight of encryption goes along with the first checks.

#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

constexpr const char* kHello = "client hello";

class EarlyFlights : public ::testing::Test {
protected:
    void dial(ControlPolicy policy = ControlPolicy::kUdpOnly, bool early = true)
    {
        auto& script = rig_.stage.script;
        script.tcp = Play::waits;
        script.udp = Play::waits;
        script.dtls = Play::waits;
        script.early = early;
        script.hello = kHello;
        rig_.node->settings.control_policy = policy;
        call_ = rig_.call();
    }
    std::vector<std::string> went_early() { return rig_.ice("control-udp").early; }
    void up(std::string_view label)
    {
        rig_.ice(label).up();
        rig_.settle();
    }
    int sent_over_udp() { return rig_.ice("control-udp").path().sent(); }
    std::size_t handshakes() const { return rig_.stage.count("dtls bob-1"); }
    void peer_is_proven()
    {
        rig_.dtls().secured();
        rig_.settle();
    }

    Rig rig_;
    std::shared_ptr<Call> call_;
};

TEST_F(EarlyFlights, GoAlongWithTheChecksAndAreNamedOnTheTimeline)
{
    dial();
    EXPECT_EQ(went_early(), std::vector<std::string>{kHello});
    EXPECT_TRUE(rig_.was_told("secure_channel progress sent early"));
    EXPECT_FALSE(rig_.was_told("secure_channel start")) << "that is when there is a path";
    up("control-udp");
    peer_is_proven();
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(handshakes(), 1U) << "the one that began early";
}

TEST_F(EarlyFlights, AreSentAgainAtOnceWhenThePathOpensAndNothingHasCome)
{
    dial();
    up("control-udp");
    EXPECT_EQ(sent_over_udp(), 1);
    rig_.advance(999ms);
    EXPECT_EQ(sent_over_udp(), 1);
    rig_.advance(2ms);
    EXPECT_EQ(sent_over_udp(), 2) << "as soon as encryption's own timer would have, had it begun with the path";
    peer_is_proven();
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(EarlyFlights, AreNotSentAgainOnceThePeerIsHeard)
{
    dial();
    up("control-udp");
    rig_.ice("control-udp").path().bring();
    rig_.advance(2s);
    EXPECT_EQ(sent_over_udp(), 1);
    peer_is_proven();
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(EarlyFlights, ComeToNothingWhereTcpIsTaken)
{
    dial(ControlPolicy::kTcpPreferred);
    EXPECT_EQ(went_early().size(), 1U);
    up("control-tcp");
    EXPECT_TRUE(rig_.was_told("connectivity done tcp"));
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(handshakes(), 0U);
    EXPECT_EQ(rig_.stage.count("control-udp"), 0U);
}

TEST_F(EarlyFlights, GoOnOverUdpWhenTcpDoesNotLeadToALink)
{
    rig_.stage.script.tls = Play::waits;
    dial(ControlPolicy::kTcpPreferred);
    const auto* begun = &rig_.dtls();
    up("control-udp");
    EXPECT_EQ(sent_over_udp(), 0) << "the path is not taken yet";
    up("control-tcp");
    rig_.advance(5s + 1ms);
    EXPECT_TRUE(rig_.was_told("connectivity done udp"));
    EXPECT_EQ(&rig_.dtls(), begun) << "the peer would take no second beginning on that path";
    EXPECT_EQ(sent_over_udp(), 1);
    peer_is_proven();
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(EarlyFlights, BeginAnewIfEncryptionGaveUpBeforeThereWasAPath)
{
    dial();
    rig_.dtls().fail(JF_TIMEOUT);
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 0);
    rig_.stage.script.dtls = Play::happens;
    up("control-udp");
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(handshakes(), 1U);
}

TEST_F(EarlyFlights, EndWithTheCall)
{
    dial();
    call_->hang_up();
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(handshakes(), 0U);
}

TEST_F(EarlyFlights, EndWithASessionThatFails)
{
    dial(ControlPolicy::kTcpPreferred);
    rig_.ice("control-udp").fail(JF_UNREACHABLE);
    rig_.settle();
    up("control-tcp");
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(handshakes(), 0U);
}

TEST_F(EarlyFlights, AreNotTriedWhereConnectivitySendsNothingEarly)
{
    dial(ControlPolicy::kUdpOnly, false);
    EXPECT_EQ(handshakes(), 0U);
    up("control-udp");
    EXPECT_EQ(handshakes(), 1U);
    EXPECT_EQ(sent_over_udp(), 1);
    EXPECT_FALSE(rig_.was_told("secure_channel progress sent early"));
    peer_is_proven();
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(EarlyFlights, AreNotTriedWithTcpAlone)
{
    dial(ControlPolicy::kTcpOnly);
    EXPECT_EQ(handshakes(), 0U);
}

TEST(EarlyFlightsAndDecorators, DecoratorsStandUponThePathThatIsNotThereYet)
{
    Rig rig({.decorators = 1});
    rig.stage.script.tcp = Play::waits;
    rig.stage.script.udp = Play::waits;
    rig.stage.script.early = true;
    rig.stage.script.hello = kHello;
    rig.node->settings.control_policy = ControlPolicy::kUdpOnly;
    rig.call();
    EXPECT_EQ(rig.stage.count("decorator control 1"), 1U);
    rig.ice("control-udp").up();
    rig.settle();
    EXPECT_EQ(rig.program->heard_answer, 1);
    EXPECT_EQ(rig.stage.count("decorator control 1"), 1U);
}

} // namespace
