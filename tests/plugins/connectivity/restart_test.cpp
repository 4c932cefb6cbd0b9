// ICE restarts (RFC 8445 section 9): new credentials, new ports, the same paths.

#include "every_plugin.hpp"

#include <gtest/gtest.h>

namespace jackfield::connectivity_test {
namespace {

class Restarts : public EveryPlugin {};

TEST_P(Restarts, MoveTheSamePathsToNewCredentialsAndPorts)
{
    FakeHost host;
    const auto instance = make(host);
    Call call(*instance, *instance, JF_DATAGRAM, 2);
    ASSERT_TRUE(call.connect(host, 2));
    Ear ear;
    call.b.path().open(ear);
    const auto before_a = lines_of(call.a.description());
    const auto pair_before = call.a.pairs_[1].local;
    const int pairs_before = call.a.pair_events_;
    const int gathered = call.a.gathered_;

    call.a.restart();
    call.b.restart();
    const auto after_a = lines_of(call.a.description());
    EXPECT_NE(after_a[0], before_a[0]);
    EXPECT_NE(after_a[1], before_a[1]);
    EXPECT_EQ(call.a.path().send(pattern(50, 1)), JF_OK) << "the old pair carries on meanwhile";
    EXPECT_TRUE(ear.wait_for_packets(1));

    call.b.set_remote(call.a.description());
    call.a.set_remote(call.b.description());
    ASSERT_TRUE(host.run_until([&] {
        return call.a.pair_events_ >= pairs_before + 2 && call.b.pair_events_ >= pairs_before + 2 &&
               call.a.gathered_ > gathered;
    })) << call.a.text_;
    EXPECT_EQ(call.a.ready_order_.size(), 2U) << "component_ready is said once";
    EXPECT_NE(call.a.pairs_[1].local, pair_before);
    EXPECT_EQ(call.a.path().send(pattern(50, 2)), JF_OK);
    ASSERT_TRUE(ear.wait_for_packets(2));
    EXPECT_EQ(ear.packets_[1], pattern(50, 2));
    EXPECT_EQ(call.a.failed_, 0);
    call.b.path().close();
}

TEST_P(Restarts, ReviveASessionThatFailed)
{
    FakeHost host;
    const auto instance = make(host, R"("connect_timeout_ms": 1500)");
    IceSession a(*instance, JF_CONTROLLING, JF_DATAGRAM);
    a.gather();
    a.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 9 typ host\n");
    ASSERT_TRUE(host.run_until([&] { return a.failed_ == 1; }));
    IceSession b(*instance, JF_CONTROLLED, JF_DATAGRAM);
    b.gather();
    a.restart();
    a.set_remote(b.description());
    b.set_remote(a.description());
    EXPECT_TRUE(host.run_until([&] { return a.ready() == 1 && b.ready() == 1; })) << a.text_;
}

TEST_P(Restarts, LeaveTheOldWayAloneUntilThereIsAnother)
{
    FakeHost host;
    const auto instance = make(host);
    Call call(*instance, *instance, JF_DATAGRAM, 1);
    ASSERT_TRUE(call.connect(host, 1));
    Ear ear;
    call.b.path().open(ear);
    call.a.restart();
    call.a.restart(); // the first came to nothing
    EXPECT_EQ(call.a.path().send(pattern(50, 1)), JF_OK);
    EXPECT_TRUE(ear.wait_for_packets(1));
    for (int round = 0; round < 2; ++round) { // and so does the way that a restart has found
        if (round == 1)
            call.a.restart();
        call.b.restart();
        const int pairs = call.a.pair_events_;
        const int pairs_of_b = call.b.pair_events_;
        call.b.set_remote(call.a.description());
        call.a.set_remote(call.b.description());
        ASSERT_TRUE(host.run_until([&] { return call.a.pair_events_ > pairs && call.b.pair_events_ > pairs_of_b; }));
    }
    EXPECT_EQ(call.a.path().send(pattern(50, 2)), JF_OK);
    ASSERT_TRUE(ear.wait_for_packets(2));
    EXPECT_EQ(call.a.failed_ + call.b.failed_, 0);
    call.b.path().close();
}

TEST_P(Restarts, AreRefusedBeforeAnythingWasGathered)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession alone(*instance, JF_CONTROLLING, JF_DATAGRAM);
    EXPECT_THROW(alone.restart(), Failure);
}

JF_INSTANTIATE_EVERY_PLUGIN(Restarts);

} // namespace
} // namespace jackfield::connectivity_test
