// One connectivity session as state to look at: whatever order the events come in.

#include "kernel/bind/connectivity.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using jackfield::kernel::ConnectivitySession;
using jackfield::kernel::Failure;

class BoundConnectivity : public ::testing::Test {
protected:
    BoundConnectivity() { bench_.stage.script = {.gather = Play::waits, .tcp = Play::waits, .udp = Play::waits}; }

    std::unique_ptr<ConnectivitySession> open(std::uint32_t components = 1)
    {
        const jf_connectivity_options options{sizeof(options), JF_CONTROLLING, JF_DATAGRAM, components,
                                              jackfield::to_text("control-udp")};
        return std::make_unique<ConnectivitySession>(
            bench_.board->connectivity, options,
            ConnectivitySession::Events{[this] { ++changes_; },
                                        [this](const std::string& line) { candidates_.push_back(line); }});
    }
    ConnectivityDouble::Session& plugin() { return bench_.stage.get<ConnectivityDouble::Session>("control-udp"); }

    Bench bench_;
    int changes_ = 0;
    std::vector<std::string> candidates_;
};

TEST_F(BoundConnectivity, SaysWhatHasHappenedSoFar)
{
    const auto session = open(2);
    EXPECT_FALSE(session->gathered());
    EXPECT_FALSE(session->ready(1));
    plugin().gathered();
    plugin().candidate("S1");
    plugin().up();
    EXPECT_TRUE(session->gathered());
    EXPECT_TRUE(session->ready(1));
    EXPECT_TRUE(session->ready(2));
    EXPECT_FALSE(session->ready(3));
    EXPECT_EQ(session->pairs().at(1).remote, "there");
    EXPECT_EQ(candidates_, std::vector<std::string>{"S1"});
    EXPECT_EQ(changes_, 4) << "gathered, two components, a pair";
    EXPECT_FALSE(session->failure());
}

TEST_F(BoundConnectivity, KnowsWhenNobodyShouldWaitForMoreCandidates)
{
    const auto session = open();
    EXPECT_FALSE(session->gathered_enough());
    plugin().enough();
    EXPECT_TRUE(session->gathered_enough());
    EXPECT_FALSE(session->gathered()) << "some may still come";
    EXPECT_EQ(changes_, 1);
    bench_.stage.script.restart = Play::happens;
    session->restart();
    EXPECT_FALSE(session->gathered_enough());
    plugin().gathered();
    EXPECT_TRUE(session->gathered_enough());
}

TEST_F(BoundConnectivity, KeepsTheFirstPathOfAComponent)
{
    const auto session = open();
    plugin().up();
    const auto first = session->path(1);
    plugin().up();
    EXPECT_EQ(session->path(1).self, first.self);
}

TEST_F(BoundConnectivity, RemembersAFailureAfterItWasUp)
{
    const auto session = open();
    plugin().up();
    plugin().fail(JF_UNREACHABLE, "consent expired");
    EXPECT_TRUE(session->ready(1)) << "the path is there as long as the session";
    EXPECT_EQ(session->failure()->text, "consent expired");
}

TEST_F(BoundConnectivity, TellsNobodyOnceItsEventsAreForgotten)
{
    const auto session = open();
    session->forget_events();
    plugin().candidate("S1");
    plugin().up();
    EXPECT_EQ(changes_, 0);
    EXPECT_TRUE(candidates_.empty());
    EXPECT_TRUE(session->ready(1)) << "the state goes on";
}

TEST_F(BoundConnectivity, IsReleasedIfItCannotGather)
{
    bench_.stage.script.gather = Play::fails;
    EXPECT_THROW(open(), Failure);
    EXPECT_EQ(bench_.stage.count("control-udp"), 0U);
    EXPECT_EQ(bench_.stage.gone(), std::vector<std::string>{"control-udp"}) << "once";
}

TEST_F(BoundConnectivity, HearsNothingAfterItsRelease)
{
    bench_.stage.script.udp = Play::happens;
    auto session = open();
    session->set_remote("u\np\n"); // what follows is posted
    session.reset();
    bench_.settle();
    EXPECT_EQ(changes_, 0);
}

} // namespace
