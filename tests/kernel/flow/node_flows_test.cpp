// The flows of a node as a whole: who we are, and the end of everything.

#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/step_failure.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <asio/co_spawn.hpp>

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Lines = std::vector<std::string>;

/// Runs step 0; returns how it failed, if it did.
std::optional<Error> identity(Rig& rig)
{
    std::optional<Error> problem;
    asio::co_spawn(rig.control.context(), load_identity(*rig.node), [&problem](const std::exception_ptr& exception) {
        try {
            if (exception)
                std::rethrow_exception(exception);
        } catch (const StepFailure& failure) {
            problem = failure.error();
        }
    });
    rig.settle();
    return problem;
}

TEST(Identity, IsStepZero)
{
    Rig rig;
    rig.node->self = {};
    EXPECT_FALSE(identity(rig));
    EXPECT_EQ(rig.told, (Lines{"identity start", "identity done"}));
    EXPECT_EQ(rig.node->self.device_id, "alice-1");
    EXPECT_FALSE(identity(rig));
    EXPECT_EQ(rig.told.size(), 2U) << "it is there already";
}

TEST(Identity, ThatCannotBeLoadedSaysWhy)
{
    Rig rig;
    rig.node->self = {};
    rig.stage.script.load = Play::fails;
    rig.stage.script.status = JF_EXHAUSTED;
    const auto problem = identity(rig);
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->status, JF_EXHAUSTED);
    EXPECT_EQ(rig.told, (Lines{"identity start", "identity failed exhausted: as the script says"}));
}

TEST(Leaving, DoesNotWaitLongForADiscoveryThatDoesNotWithdraw)
{
    Rig rig;
    rig.completions_stay = true;
    rig.stage.script.stop = Play::waits;
    rig.call();
    bool left = false;
    asio::co_spawn(rig.control.context(), leave(*rig.node), [&left](const std::exception_ptr&) { left = true; });
    rig.settle();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
    rig.advance(3s - 1ms);
    EXPECT_FALSE(left);
    rig.advance(2ms);
    EXPECT_TRUE(left);
    rig.stage.script.stop = Play::happens;
}

/// A call is refused, and the node leaves.
struct LeavingRig : Rig {
    void refuse_and_leave()
    {
        be_called()->refuse(JF_REASON_DECLINED);
        asio::co_spawn(control.context(), leave(*node), [this](const std::exception_ptr&) { left = true; });
        settle();
    }

    void answer_ping()
    {
        ASSERT_EQ(signaling().waiting.size(), 1U);
        std::exchange(signaling().waiting, {}).front().succeed();
        settle();
    }

    bool left = false;
};

TEST(Leaving, WaitsUntilTheLastWordsAreReadAndWhatHadToWaitForAnAnswer)
{
    LeavingRig rig;
    rig.stage.script.pong = Play::waits;
    rig.refuse_and_leave();
    rig.answer_ping();
    EXPECT_FALSE(rig.left) << "a goodbye may have gone out with it";
    EXPECT_EQ(rig.signaling().said.back(), "refuse declined") << "the connection is still there";
    rig.answer_ping();
    EXPECT_TRUE(rig.left);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
}

TEST(Leaving, DoesNotWaitLongForAPeerThatGivesNoAnswer)
{
    LeavingRig rig;
    rig.stage.script.pong = Play::waits;
    rig.completions_stay = true;
    rig.refuse_and_leave();
    rig.advance(1999ms);
    EXPECT_FALSE(rig.left);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 1U) << "the connection is still there";
    rig.advance(2ms);
    EXPECT_TRUE(rig.left);
}

TEST(Leaving, GivesTheLastWordsTimeToBeReadWhereSignalingCannotAsk)
{
    LeavingRig rig;
    rig.stage.script.asks = false;
    rig.refuse_and_leave();
    rig.advance(99ms);
    EXPECT_EQ(rig.signaling().said.back(), "refuse declined") << "the connection is still there";
    EXPECT_FALSE(rig.left);
    rig.advance(2ms);
    EXPECT_TRUE(rig.left);
    EXPECT_EQ(rig.stage.count("signaling bob-1"), 0U);
}

TEST(Leaving, DoesNotWaitForAPeerThatHasClosed)
{
    LeavingRig rig;
    rig.stage.script.asks = false;
    rig.refuse_and_leave();
    rig.signaling().break_off();
    rig.settle();
    EXPECT_TRUE(rig.left);
}

TEST(Leaving, ACallThatIsPlacedMeanwhileEndsAtOnce)
{
    Rig rig;
    rig.node->stopping = true;
    rig.call();
    EXPECT_EQ(rig.program->ends, 1);
    EXPECT_EQ(rig.program->end.error.status, JF_CANCELLED);
    EXPECT_EQ(rig.discovery().count("bob-1", JF_CALL_REQUEST), 0U);
}

TEST(Leaving, WithNothingGoingOnIsImmediate)
{
    Rig rig;
    rig.close();
    EXPECT_EQ(rig.told, Lines());
}

} // namespace
