// Step 4: two paths side by side, and the policy that takes one of them; what a peer may send as its candidates.

#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

class Paths : public ::testing::Test {
protected:
    void dial(ControlPolicy policy)
    {
        rig_.stage.script.tcp = Play::waits;
        rig_.stage.script.udp = Play::waits;
        rig_.node->settings.control_policy = policy;
        rig_.call();
    }
    void udp_up()
    {
        rig_.ice("control-udp").up();
        rig_.settle();
    }
    void tcp_up()
    {
        rig_.ice("control-tcp").up();
        rig_.settle();
    }
    bool took(std::string_view transport) { return rig_.was_told("connectivity done " + std::string(transport)); }

    Rig rig_;
};

TEST_F(Paths, PreferringTcpTakesItIfItComesWithinTheGraceAfterUdp)
{
    dial(ControlPolicy::kTcpPreferred);
    udp_up();
    EXPECT_FALSE(took("udp"));
    rig_.advance(99ms);
    EXPECT_FALSE(took("udp"));
    tcp_up();
    EXPECT_TRUE(took("tcp"));
}

TEST_F(Paths, PreferringTcpTakesUdpWhenTheGraceIsOver)
{
    dial(ControlPolicy::kTcpPreferred);
    rig_.advance(90ms);
    udp_up();
    rig_.advance(99ms);
    EXPECT_FALSE(took("udp"));
    rig_.advance(2ms);
    EXPECT_TRUE(took("udp"));
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

// A round trip, where TCP takes two.
TEST_F(Paths, PreferringTcpDoesNotWaitForItWhereUdpTookLongerThanTheGrace)
{
    dial(ControlPolicy::kTcpPreferred);
    rig_.advance(101ms);
    udp_up();
    EXPECT_TRUE(took("udp"));
}

TEST_F(Paths, PreferringTcpWaitsAsLongAsItIsToldOverADistance)
{
    rig_.node->settings.tcp_grace = 2s;
    dial(ControlPolicy::kTcpPreferred);
    rig_.advance(1s);
    udp_up();
    rig_.advance(1900ms);
    EXPECT_FALSE(took("udp"));
    tcp_up();
    EXPECT_TRUE(took("tcp"));
}

TEST_F(Paths, PreferringTcpDoesNotWaitForItOnceItHasFailed)
{
    dial(ControlPolicy::kTcpPreferred);
    udp_up();
    rig_.ice("control-tcp").fail(JF_UNREACHABLE);
    rig_.settle();
    EXPECT_TRUE(took("udp"));
}

TEST_F(Paths, PreferringTcpTakesItAtOnceWhenItIsFirst)
{
    dial(ControlPolicy::kTcpPreferred);
    tcp_up();
    EXPECT_TRUE(took("tcp"));
}

TEST_F(Paths, OneThatFailsLeavesTheOther)
{
    dial(ControlPolicy::kTcpPreferred);
    rig_.ice("control-udp").fail(JF_UNREACHABLE);
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 0);
    tcp_up();
    EXPECT_TRUE(took("tcp"));
}

TEST_F(Paths, ARaceIsWonByTheFirst)
{
    dial(ControlPolicy::kRace);
    udp_up();
    EXPECT_TRUE(took("udp"));
}

TEST_F(Paths, TcpAloneAsksForNothingElse)
{
    dial(ControlPolicy::kTcpOnly);
    EXPECT_EQ(rig_.stage.count("control-udp"), 0U);
    EXPECT_EQ(rig_.discovery().request_to("bob-1").blob.find("UDP"), std::string::npos);
    tcp_up();
    EXPECT_TRUE(took("tcp"));
}

TEST_F(Paths, UdpAloneAsksForNothingElse)
{
    dial(ControlPolicy::kUdpOnly);
    EXPECT_EQ(rig_.stage.count("control-tcp"), 0U);
    EXPECT_EQ(rig_.discovery().request_to("bob-1").blob.find("TCP"), std::string::npos);
    udp_up();
    EXPECT_TRUE(took("udp"));
}

TEST_F(Paths, AHandshakeThatHangsOnTcpIsTriedOverUdp)
{
    rig_.stage.script.tls = Play::waits;
    dial(ControlPolicy::kTcpPreferred);
    tcp_up();
    udp_up();
    rig_.advance(5s - 1ms);
    EXPECT_FALSE(took("udp"));
    rig_.advance(2ms);
    EXPECT_TRUE(rig_.was_told("secure_channel failed timeout: the encryption handshake took too long"));
    EXPECT_TRUE(took("udp"));
    EXPECT_EQ(rig_.program->heard_answer, 1);
    EXPECT_EQ(rig_.stage.count("tls bob-1"), 0U);
    EXPECT_EQ(rig_.stage.count("control-tcp"), 0U) << "what did not lead to a link is gone";
}

TEST_F(Paths, APathThatBreaksInTheHandshakeIsTriedOverTheOther)
{
    rig_.stage.script.tls = Play::fails; // unreachable
    rig_.call();
    EXPECT_TRUE(rig_.was_told("secure_channel failed unreachable: as the script says"));
    EXPECT_TRUE(took("udp"));
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(Paths, AWrongPeerIsNotTriedAgainOverTheOtherPath)
{
    rig_.stage.script.tls = Play::fails;
    rig_.stage.script.status = JF_UNAUTHENTICATED;
    rig_.call();
    EXPECT_EQ(rig_.program->end.error.status, JF_UNAUTHENTICATED);
    EXPECT_FALSE(took("udp"));
}

// --- what the peer sends as its answer -------------------------------------------------------------------------------

class Answer : public ::testing::Test {
protected:
    Answer()
    {
        rig_.stage.script.answer = Play::waits;
        rig_.call();
    }

    void answer(const std::string& blob)
    {
        rig_.discovery().answer("bob-1", blob);
        rig_.settle();
    }
    const CallEnd& end() { return rig_.program->end; }

    Rig rig_;
};

TEST_F(Answer, GivesEachSessionItsOwnDescription)
{
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    answer(kPeerBlob);
    EXPECT_EQ(rig_.ice("control-udp").remote,
              "uuuu\npwd-of-the-peer-over-udp\nH1 1 UDP 2130706431 192.0.2.2 1000 typ host\n");
    EXPECT_EQ(rig_.ice("control-tcp").remote,
              "tttt\npwd-of-the-peer-over-tcp\nH1 1 TCP 2130706431 192.0.2.2 9 typ host\n");
}

TEST_F(Answer, MayEndItsLinesWithACarriageReturnAndComeInAnyOrder)
{
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    answer("tttt\r\npwd-of-the-peer-over-tcp\r\nH1 1 TCP 2130706431 192.0.2.2 9 typ host\r\n"
           "uuuu\r\npwd-of-the-peer-over-udp\r\nH1 1 UDP 2130706431 192.0.2.2 1000 typ host\r\n");
    EXPECT_TRUE(rig_.ice("control-udp").remote.starts_with("uuuu\npwd-of-the-peer-over-udp\nH1"));
    EXPECT_TRUE(rig_.ice("control-tcp").remote.starts_with("tttt\npwd-of-the-peer-over-tcp\nH1"));
}

TEST_F(Answer, MayHoldNoCandidatesYet)
{
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    answer("uuuu\npwd-of-the-peer-over-udp\ntttt\npwd-of-the-peer-over-tcp\n");
    EXPECT_EQ(rig_.ice("control-udp").remote, "uuuu\npwd-of-the-peer-over-udp\n");
    EXPECT_EQ(rig_.ice("control-tcp").remote, "tttt\npwd-of-the-peer-over-tcp\n");
}

TEST_F(Answer, MayHoldOneDescriptionAlone)
{
    rig_.stage.script.tcp = Play::waits;
    answer("uuuu\npwd-of-the-peer-over-udp\nH1 1 UDP 2130706431 192.0.2.2 1000 typ host\n");
    EXPECT_EQ(rig_.ice("control-tcp").remote, "");
    rig_.advance(101ms);
    EXPECT_TRUE(rig_.was_told("connectivity done udp"));
}

TEST_F(Answer, OfMoreThan32KiBIsRefused)
{
    std::string blob = kPeerBlob;
    while (blob.size() <= 32 * 1024)
        blob += "H1 1 TCP 2130706431 192.0.2.2 9 typ host\n";
    answer(blob);
    EXPECT_EQ(end().step, Step::answer);
    EXPECT_EQ(end().error.status, JF_BAD_INPUT);
    EXPECT_EQ(end().error.text, "the peer's candidates take more than 32 KiB");
}

TEST_F(Answer, WithoutCredentialsIsRefused)
{
    answer("H1 1 UDP 2130706431 192.0.2.2 1000 typ host\n");
    EXPECT_EQ(end().error.status, JF_BAD_INPUT);
    EXPECT_EQ(end().error.text, "the peer's candidates come without credentials");
}

TEST_F(Answer, OfMoreThanTwoDescriptionsIsRefused)
{
    answer(kPeerBlob + "vvvv\nanother-password-of-the-peer\nH1 1 UDP 1 192.0.2.3 1 typ host\n");
    EXPECT_EQ(end().error.status, JF_BAD_INPUT);
    EXPECT_EQ(end().error.text, "the peer sent more than two descriptions");
}

TEST_F(Answer, OfTwoDescriptionsForOneTransportIsRefused)
{
    answer("uuuu\npwd-of-the-peer-over-udp\nH1 1 UDP 1 192.0.2.2 1000 typ host\n"
           "vvvv\nanother-password-of-the-peer\nH1 1 UDP 1 192.0.2.3 1 typ host\n");
    EXPECT_EQ(end().error.status, JF_BAD_INPUT);
    EXPECT_EQ(end().error.text, "the peer sent two descriptions for one transport");
}

TEST_F(Answer, WithNothingInItIsOfNoUse)
{
    answer("");
    EXPECT_EQ(end().error.status, JF_UNREACHABLE);
    EXPECT_EQ(end().error.text, "the peer offers no transport that our control_policy allows");
}

TEST_F(Answer, ThatIsASecondOneIsIgnored)
{
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    answer(kPeerBlob);
    answer("vvvv\nanother-password-of-the-peer\nH1 1 UDP 1 192.0.2.3 1 typ host\n");
    EXPECT_TRUE(rig_.ice("control-udp").remote.starts_with("uuuu"));
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(Answer, OfTheWrongDeviceIsIgnored)
{
    const auto id = rig_.discovery().request_to("bob-1").call_id;
    rig_.discovery().hear(jackfield::Device("bob", "bob-2", "chain"), JF_CALL_ANSWER, id);
    rig_.discovery().hear(jackfield::Device("mallory", "mallory-1", "chain"), JF_CALL_REFUSAL, id);
    rig_.settle();
    EXPECT_EQ(rig_.told.back(), "answer start");
    answer(kPeerBlob);
    EXPECT_EQ(rig_.program->heard_answer, 1);
}

TEST_F(Answer, ToAnotherRequestIsIgnored)
{
    rig_.discovery().hear(jackfield::Device("bob", "bob-1", "chain"), JF_CALL_ANSWER, 4711);
    rig_.settle();
    EXPECT_EQ(rig_.told.back(), "answer start");
}

TEST_F(Answer, DoesNotBringMoreThan32KiBOfLateCandidates)
{
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    const std::string line = "S1 1 UDP 1 203.0.113.1 1 typ srflx\n";
    std::string flood;
    while (flood.size() + line.size() <= 16 * 1024)
        flood += line;
    const auto id = rig_.discovery().request_to("bob-1").call_id;
    for (int i = 0; i < 100; ++i)
        rig_.discovery().hear(jackfield::Device("bob", "bob-1", "chain"), JF_CALL_CANDIDATES, id, flood);
    answer(kPeerBlob);
    EXPECT_LE(rig_.ice("control-udp").remote_candidates.size(), 32U * 1024 / line.size());
    EXPECT_GE(rig_.ice("control-udp").remote_candidates.size(), 16U * 1024 / line.size() - 1)
        << "what came before the flood is used";
}

} // namespace
