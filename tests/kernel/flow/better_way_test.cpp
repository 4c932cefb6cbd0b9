// A call that goes through a relay, and looks for a direct way now and then.

#include "kernel/flow/reopen_links.hpp"
#include "tests/kernel/doubles/media_transport.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;

class RelayedCall : public ::testing::Test {
protected:
    RelayedCall() : rig_({.multiplexer = true})
    {
        rig_.stage.script.restart = Play::happens;
        rig_.stage.script.relayed = true;
    }

    SignalingDouble::Session& signaling() { return rig_.signaling("bob-1"); }
    std::size_t looks() { return static_cast<std::size_t>(std::ranges::count(signaling().said, "update")); }

    /// In steps, with sound all the while.
    void pass(std::chrono::milliseconds time)
    {
        for (; time.count() > 0; time -= std::min(time, kStep)) {
            rig_.stage.get<MediaTransportDouble::Session>("transport").listener().arrived(0);
            rig_.advance(std::min(time, kStep));
        }
    }

    /// The peer takes the offer, and the pair is, or is not, through a relay.
    void found(bool relayed)
    {
        rig_.stage.script.relayed = relayed;
        auto answer = nlohmann::json::parse(peer_answer(signaling().offered));
        answer["ice"]["ufrag"] = "q" + std::to_string(looks()) + "qq";
        signaling().update_answered(answer.dump());
        rig_.settle();
    }

    void change_addresses()
    {
        network_changed(*rig_.node, {});
        rig_.settle();
    }

    static constexpr std::chrono::milliseconds kStep{400};
    Rig rig_;
};

TEST_F(RelayedCall, LooksForADirectWayAfterASecondThenLessAndLessOften)
{
    rig_.call();
    pass(999ms);
    EXPECT_EQ(looks(), 0U);
    pass(1ms);
    EXPECT_EQ(looks(), 1U);
    EXPECT_TRUE(rig_.was_told("media progress looking for a direct way"));
    EXPECT_EQ(rig_.ice("media").restarts, 1);
    found(true);
    pass(2'999ms);
    EXPECT_EQ(looks(), 1U);
    pass(1ms);
    EXPECT_EQ(looks(), 2U);
    found(true);
    pass(5'999ms);
    EXPECT_EQ(looks(), 2U);
    pass(1ms);
    EXPECT_EQ(looks(), 3U);
    EXPECT_FALSE(rig_.was_told("media progress reconnecting: "));
    EXPECT_EQ(rig_.program->ends, 0);
}

TEST_F(RelayedCall, LooksNoMoreOnceItHasOne)
{
    rig_.call();
    pass(3s);
    found(false);
    pass(60s);
    EXPECT_EQ(looks(), 1U);
}

TEST_F(RelayedCall, BeginsAnewWhenItIsRelayedAgain)
{
    rig_.call();
    pass(3s);
    found(true);
    pass(6s);
    found(false);
    rig_.stage.script.relayed = true;
    rig_.ice("media").up();
    rig_.settle();
    pass(3s);
    EXPECT_EQ(looks(), 3U);
}

TEST_F(RelayedCall, LeavesThePeriodToTheCaller)
{
    rig_.program->answers = true;
    rig_.be_called();
    signaling().listener().confirmed(signaling().call);
    rig_.settle();
    pass(30s);
    EXPECT_EQ(looks(), 0U);
    change_addresses();
    pass(999ms);
    EXPECT_EQ(looks(), 0U);
    pass(1ms);
    EXPECT_EQ(looks(), 1U) << "but whose network changes knows best";
    found(true);
    pass(30s);
    EXPECT_EQ(looks(), 1U);
}

TEST_F(RelayedCall, ThatGoesDirectlyDoesNotLook)
{
    rig_.stage.script.relayed = false;
    rig_.call();
    change_addresses();
    pass(60s);
    EXPECT_EQ(looks(), 0U);
}

TEST_F(RelayedCall, DoesNotLookWhereTheUserWantsRelaysAlone)
{
    rig_.stage.script.candidate = "R1 1 UDP 1 192.0.2.1 1000 typ relay raddr 0.0.0.0 rport 0";
    rig_.call();
    pass(60s);
    EXPECT_EQ(looks(), 0U);
}

TEST_F(RelayedCall, DoesNotLookBesideARecovery)
{
    rig_.stage.script.media = Play::happens;
    rig_.call();
    pass(900ms);
    rig_.stage.script.media = Play::waits;
    rig_.ice("media").fail(JF_UNREACHABLE, "consent expired");
    rig_.settle();
    EXPECT_EQ(looks(), 1U) << "the recovery's";
    pass(2s);
    EXPECT_FALSE(rig_.was_told("media progress looking for a direct way"));
}

} // namespace
