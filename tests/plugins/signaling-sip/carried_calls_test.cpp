// Whole calls between two sessions whose service loses messages.
//
// Threads: the test's thread is control.
#include "carried_rig.hpp"

#include <set>

namespace jackfield::sip::testing {
namespace {

using namespace std::chrono_literals;

/// Alice and Bob, each a session of the plugin, joined by one path of datagrams.
class LossyCalls : public ::testing::Test {
protected:
    LossyCalls()
        : host(Clock::manual),
          plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip", JF_SIGNALING_INTERFACE, "{}"),
          link(JF_DATAGRAM, 65000),
          ladder(link),
          alice_carrier("alice", "bob", link.path(0)),
          bob_carrier("bob", "alice", link.path(1)),
          raw_alice(alice_carrier.raw()),
          raw_bob(bob_carrier.raw()),
          alice(plugin, link.path(0), kAlice, kBob, "Alice", &raw_alice),
          bob(plugin, link.path(1), kBob, kAlice, "Bob", &raw_bob)
    {}
    ~LossyCalls() override
    {
        alice.release();
        bob.release();
    }

    /// Lets time pass until the event is there.
    ::testing::AssertionResult heard(SessionUnderTest& session, const std::string& event)
    {
        for (int round = 0; round < 200; ++round) {
            if (host.run_until([&] { return session.log.has(event); }, 20ms))
                return ::testing::AssertionSuccess();
            host.advance(250ms);
        }
        return ::testing::AssertionFailure()
               << "no \"" << event << "\" among: " << session.log.all() << "\nladder: " << ladder.steps();
    }

    FakeHost host;
    InstanceUnderTest<jf_signaling_methods> plugin;
    MemoryLink link;
    Ladder ladder;
    FakeCarrier alice_carrier;
    FakeCarrier bob_carrier;
    jf_carrier raw_alice;
    jf_carrier raw_bob;
    SessionUnderTest alice;
    SessionUnderTest bob;
};

TEST_F(LossyCalls, ReachTheirEndThoughTheFirstCopyOfEachMessageIsLost)
{
    std::set<std::string> lost;
    ladder.drop([&](int end, const std::string& text) {
        return !header_of(text, "CSeq").starts_with("1 ACK") && lost.insert(std::to_string(end) + text).second;
    });
    ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "invited 1 Alice"));
    ASSERT_EQ(bob.ring(1), JF_OK) << bob.problem;
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "answered 2"));
    ASSERT_TRUE(heard(bob, "confirmed 1"));
    ASSERT_EQ(alice.update(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "updated 1"));
    ASSERT_EQ(bob.answer_update(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(alice, "update_answered 2"));
    ASSERT_EQ(alice.bye(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "ended 1 0"));
    EXPECT_EQ(bob.log.all(), "invited 1 Alice; confirmed 1; updated 1; ended 1 0; ");
}

TEST_F(LossyCalls, AreConfirmedThoughTheAckIsLostTwice)
{
    int acks = 0;
    ladder.drop([&](int, const std::string& text) { return text.starts_with("ACK") && ++acks <= 2; });
    ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "invited 1 Alice"));
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(bob, "confirmed 1"));
    EXPECT_EQ(alice.log.all(), "answered 2; ");
    EXPECT_GE(ladder.count("B 200"), 3U) << ladder.steps();
}

TEST_F(LossyCalls, AreCancelledThoughMessagesAreLost)
{
    std::set<std::string> lost;
    ladder.drop([&](int end, const std::string& text) { return lost.insert(std::to_string(end) + text).second; });
    ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "invited 1 Alice"));
    ASSERT_EQ(alice.cancel(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "cancelled 1 4"));
    ASSERT_TRUE(heard(alice, "refused 2 4 487"));
}

TEST_F(LossyCalls, AreEndedForGoodWhenEverythingIsLost)
{
    ASSERT_EQ(alice.invite(2), JF_OK) << alice.problem;
    ASSERT_TRUE(heard(bob, "invited 1 Alice"));
    ASSERT_EQ(bob.answer(1), JF_OK) << bob.problem;
    ASSERT_TRUE(heard(bob, "confirmed 1"));
    ladder.drop([](int, const std::string&) { return true; });
    ASSERT_EQ(alice.bye(2), JF_OK) << alice.problem;
    host.advance(33s);
    EXPECT_EQ(host.timer_count(), 0U) << "nothing is repeated for ever";
}

} // namespace
} // namespace jackfield::sip::testing
