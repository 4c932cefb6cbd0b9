// The calling side when a step does not go well: it takes too long, it fails, we hang up, the peer goes away, the node
// stops. Each ends the call once, at that step, with a status and words.

#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/outgoing_call.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

/// A step that does not come to its end.
struct Stuck {
    const char* name;
    std::function<void(Rig&)> hold; // before the call
    std::chrono::seconds limit;
    const char* timeline; // its failure, once the limit is over
    Step step;
    const char* said = ""; // what the device hears when we hang up
};

void PrintTo(const Stuck& stuck, std::ostream* out)
{
    *out << stuck.name;
}

Script& script(Rig& rig)
{
    return rig.stage.script;
}

const std::vector<Stuck> kSteps{
    {"Discovery", [](Rig& rig) { script(rig).find = Play::waits; }, 10s,
     "discovery failed timeout: no device of that account was found in time", Step::discovery},
    {"Answer", [](Rig& rig) { script(rig).answer = Play::waits; }, 15s,
     "answer failed timeout: the peer's device did not answer the request", Step::answer},
    {"Connectivity",
     [](Rig& rig) {
         script(rig).tcp = Play::waits;
         script(rig).udp = Play::waits;
     },
     15s, "connectivity failed unreachable: no control path to the peer in time: neither TCP nor UDP got through",
     Step::connectivity},
    {"Tls",
     [](Rig& rig) {
         script(rig).tls = Play::waits;
         rig.node->settings.control_policy = ControlPolicy::kTcpOnly;
     },
     15s, "secure_channel failed timeout: the encryption handshake took too long", Step::secure_channel},
    {"Dtls",
     [](Rig& rig) {
         script(rig).dtls = Play::waits;
         rig.node->settings.control_policy = ControlPolicy::kUdpOnly;
     },
     15s, "secure_channel failed timeout: the encryption handshake took too long", Step::secure_channel},
    {"ReliableStream",
     [](Rig& rig) {
         script(rig).reliable = Play::waits;
         rig.node->settings.control_policy = ControlPolicy::kUdpOnly;
     },
     15s, "reliable_stream failed timeout: no reliable stream over the UDP path in time", Step::reliable_stream},
    {"Reaction", [](Rig& rig) { script(rig).ring = Play::waits; }, 10s,
     "signaling failed timeout: the peer's device did not react to the invitation", Step::signaling,
     "cancel cancelled"},
    {"Decision", [](Rig& rig) { script(rig).accept = Play::waits; }, 32s, "signaling failed timeout: nobody answered",
     Step::signaling, "cancel cancelled"},
    {"MediaPaths", [](Rig& rig) { script(rig).media = Play::waits; }, 15s,
     "media_connectivity failed unreachable: no path for media in time", Step::media_connectivity, "bye normal"},
};

class StuckStep : public ::testing::TestWithParam<Stuck> {
protected:
    void SetUp() override
    {
        GetParam().hold(rig_);
        call_ = rig_.call();
        ASSERT_EQ(rig_.program->ends, 0) << rig_.told.back();
    }

    const std::string& last_said() const
    {
        static const std::string kNothing;
        const auto* signaling = rig_.stage.find<SignalingDouble::Session>("signaling bob-1");
        return signaling != nullptr && !signaling->said.empty() ? signaling->said.back() : kNothing;
    }

    Rig rig_;
    std::shared_ptr<Call> call_;
};

INSTANTIATE_TEST_SUITE_P(OutgoingCall, StuckStep, ::testing::ValuesIn(kSteps),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(StuckStep, EndsAtItsLimitAndNotBefore)
{
    rig_.advance(GetParam().limit - 1ms);
    ASSERT_EQ(rig_.program->ends, 0) << rig_.told.back();
    rig_.advance(2ms);
    ASSERT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.step, GetParam().step);
    ASSERT_GE(rig_.told.size(), 2U);
    EXPECT_EQ(rig_.told[rig_.told.size() - 2], GetParam().timeline);
    EXPECT_TRUE(rig_.told.back().starts_with("call failed")) << rig_.told.back();
    EXPECT_FALSE(rig_.program->end.by_peer);
}

TEST_P(StuckStep, EndsAtOnceWhenWeHangUp)
{
    call_->hang_up();
    rig_.settle();
    ASSERT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_CANCELLED);
    EXPECT_EQ(rig_.program->end.error.text, "hung up here");
    EXPECT_EQ(rig_.program->end.step, GetParam().step);
    if (*GetParam().said != '\0') {
        EXPECT_EQ(last_said(), GetParam().said);
    }
}

TEST_P(StuckStep, EndsAtOnceWhenTheNodeStops)
{
    rig_.close();
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_CANCELLED);
}

TEST_P(StuckStep, EndsOnceHoweverOftenWeHangUp)
{
    call_->hang_up(JF_REASON_NORMAL);
    call_->hang_up(JF_REASON_BUSY);
    rig_.settle();
    call_->hang_up();
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 1);
}

/// A step that fails.
struct Failing {
    const char* name;
    std::function<void(Rig&)> fail;
    const char* timeline; // its failure
    bool by_peer = false;
};

void PrintTo(const Failing& failing, std::ostream* out)
{
    *out << failing.name;
}

const std::vector<Failing> kFailures{
    {"Discovery", [](Rig& rig) { script(rig).find = Play::fails; }, "discovery failed not found: as the script says"},
    {"DiscoveryWithoutAnybody", [](Rig& rig) { script(rig).devices.clear(); },
     "discovery failed not found: no device of that account was found"},
    {"Request", [](Rig& rig) { script(rig).send = script(rig).answer = Play::fails; },
     "request failed unreachable: as the script says"},
    {"Answer", [](Rig& rig) { script(rig).answer = Play::fails; },
     "answer failed refused: the peer's device refused the request"},
    {"Gathering", [](Rig& rig) { script(rig).gather = Play::fails; },
     "media_connectivity failed unreachable: doubles: as the script says"},
    {"Connectivity", [](Rig& rig) { script(rig).tcp = script(rig).udp = Play::fails; },
     "connectivity failed unreachable: no control path to the peer; TCP: as the script says; UDP: as the script says"},
    {"WrongPeer",
     [](Rig& rig) {
         script(rig).tls = Play::fails;
         script(rig).status = JF_UNAUTHENTICATED;
     },
     "secure_channel failed unauthenticated: as the script says"},
    {"BothHandshakes", [](Rig& rig) { script(rig).tls = script(rig).dtls = Play::fails; },
     "secure_channel failed unreachable: as the script says"},
    {"ReliableStream",
     [](Rig& rig) {
         script(rig).reliable = Play::fails;
         rig.node->settings.control_policy = ControlPolicy::kUdpOnly;
     },
     "reliable_stream failed unreachable: as the script says"},
    {"Invitation", [](Rig& rig) { script(rig).ring = Play::fails; }, "signaling failed refused: as the script says",
     true},
    {"Refusal", [](Rig& rig) { script(rig).accept = Play::fails; }, "signaling failed refused: as the script says",
     true},
    {"Busy",
     [](Rig& rig) {
         script(rig).accept = Play::fails;
         script(rig).refusal = JF_REASON_BUSY;
     },
     "signaling failed busy: as the script says", true},
    {"MediaPaths", [](Rig& rig) { script(rig).media = Play::fails; },
     "media_connectivity failed unreachable: as the script says"},
    {"MediaTransport", [](Rig& rig) { script(rig).transport = Play::fails; },
     "media failed unreachable: doubles: as the script says"},
};

class FailingStep : public ::testing::TestWithParam<Failing> {};

INSTANTIATE_TEST_SUITE_P(OutgoingCall, FailingStep, ::testing::ValuesIn(kFailures),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(FailingStep, EndsTheCallWithItsStatusAndWords)
{
    Rig rig;
    GetParam().fail(rig);
    rig.call();
    ASSERT_EQ(rig.program->ends, 1) << rig.told.back();
    ASSERT_GE(rig.told.size(), 2U);
    EXPECT_EQ(rig.told[rig.told.size() - 2], GetParam().timeline);
    EXPECT_TRUE(rig.told.back().starts_with("call failed")) << rig.told.back();
    EXPECT_EQ(rig.program->end.by_peer, GetParam().by_peer);
}

TEST(OutgoingExit, WithoutAReliableStreamADatagramPathIsOfNoUse)
{
    Rig rig({.reliable = false});
    rig.node->settings.control_policy = ControlPolicy::kUdpOnly;
    rig.call();
    EXPECT_EQ(rig.program->end.step, Step::reliable_stream);
    EXPECT_EQ(rig.program->end.error.status, JF_UNSUPPORTED);
}

TEST(OutgoingExit, AFileThatCannotBeReadDisturbsNobody)
{
    Rig rig;
    const auto call = std::make_shared<Call>(rig.timeline, Side::caller, "bob",
                                             MediaPlan{"unreadable", "", true, false}, rig.program);
    spawn(*rig.node, outgoing_call(*rig.node, call));
    rig.settle();
    EXPECT_EQ(rig.program->end.step, Step::media);
    EXPECT_EQ(rig.program->end.error.status, JF_BAD_INPUT);
    EXPECT_EQ(rig.discovery().looked_for, 0);
}

TEST(OutgoingExit, ARecordingThatFailsIsSaidAfterAGoodCall)
{
    Rig rig;
    rig.stage.script.finish = Play::fails;
    rig.call()->hang_up();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call failed unreachable at media: as the script says");
    EXPECT_TRUE(rig.program->end.answered);
}

TEST(OutgoingExit, ARecordingThatIsNotCompletedEndsAtItsLimit)
{
    Rig rig;
    rig.stage.script.finish = Play::waits;
    rig.call()->hang_up();
    rig.settle();
    rig.advance(30s - 1ms);
    EXPECT_EQ(rig.program->ends, 0);
    rig.advance(2ms);
    EXPECT_EQ(rig.program->end.error.status, JF_TIMEOUT);
    EXPECT_EQ(rig.program->end.step, Step::media);
}

// --- the peer goes away ---------------------------------------------------------------------------------------------

TEST(OutgoingExit, APeerThatGoesAwayDuringTheHandshakeEndsTheCall)
{
    Rig rig;
    rig.stage.script.tls = Play::waits;
    rig.node->settings.control_policy = ControlPolicy::kTcpOnly;
    rig.call();
    rig.tls().fail(JF_CLOSED, "the peer closed the connection");
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call failed closed at secure_channel: the peer closed the connection");
}

TEST(OutgoingExit, APeerThatGoesAwayAfterTheInvitationEndsTheCall)
{
    Rig rig;
    rig.stage.script.ring = Play::waits;
    rig.call();
    rig.signaling().break_off();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call failed closed at signaling: the connection to the peer broke: the stream broke");
    EXPECT_EQ(rig.program->ends, 1);
}

TEST(OutgoingExit, APeerThatGoesAwayWhileItRingsEndsTheCall)
{
    Rig rig;
    rig.stage.script.accept = Play::waits;
    rig.call();
    rig.signaling().break_off();
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.step, Step::signaling);
    EXPECT_EQ(rig.program->end.error.status, JF_CLOSED) << "nobody refused";
}

TEST(OutgoingExit, APeerThatGoesAwayBeforeMediaIsUpEndsTheCall)
{
    Rig rig;
    rig.stage.script.media = Play::waits;
    rig.call();
    rig.signaling().break_off();
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_CLOSED);
}

TEST(OutgoingExit, APeerThatGoesAwayInTheCallEndsIt)
{
    Rig rig;
    rig.call();
    rig.signaling().break_off();
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call failed closed at media: the connection to the peer broke: the stream broke");
    EXPECT_TRUE(rig.program->end.answered);
}

TEST(OutgoingExit, MediaPathsThatBreakInTheCallEndItAndThePeerHearsIt)
{
    Rig rig;
    rig.call();
    rig.ice("media").fail(JF_UNREACHABLE, "consent expired");
    rig.settle();
    EXPECT_EQ(rig.told.back(), "call failed unreachable at media: consent expired");
    EXPECT_EQ(rig.signaling().said, (Lines{"invite", "bye failed"}));
}

TEST(OutgoingExit, MediaThatCannotComeUpEndsTheCallAndThePeerHearsIt)
{
    Rig rig;
    rig.stage.script.media = Play::fails;
    rig.call();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.signaling().said.back(), "bye failed");
}

} // namespace
