// The stream under a session: back-pressure, limits, its end, and what happens to what was under way.
//
// Threads: the test's thread is control.
#include "sip_rig.hpp"

namespace jackfield::sip::testing {
namespace {

using SipStreamEnd = TwoSessions;

TEST_F(SipStreamEnd, EndsEverythingAndIsTheLastEvent)
{
    establish();
    ladder.drop([](int, const std::string&) { return true; });
    alice.message(2, "text/plain", "never arrives");
    link.break_link(JF_UNREACHABLE, "the cable is cut");
    ASSERT_TRUE(heard(alice, "closed -5"));
    ASSERT_TRUE(heard(bob, "closed -5"));
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 1; }));
    EXPECT_EQ(alice.done_statuses[0], JF_CLOSED);
    EXPECT_EQ(alice.log.texts.back(), "the cable is cut");
    EXPECT_EQ(alice.log.events.back(), "closed -5");
    EXPECT_EQ(alice.bye(2), JF_CLOSED);
    EXPECT_EQ(alice.invite(4), JF_CLOSED);
}

TEST_F(SipStreamEnd, ComesInOrderWhenThePeerReleases)
{
    establish();
    alice.release();
    ASSERT_TRUE(heard(bob, "closed -13"));
}

TEST_F(SipStreamEnd, IsSilentForTheSideThatReleases)
{
    establish();
    const std::string before = alice.log.all();
    alice.message(2, "text/plain", "on the way");
    alice.release();
    ASSERT_TRUE(heard(bob, "closed -13"));
    host.run_pending();
    EXPECT_EQ(alice.log.all(), before);
    ASSERT_EQ(alice.done_statuses.size(), 1U); // the operation still ends, once
    EXPECT_EQ(alice.done_statuses[0], JF_CANCELLED);
}

TEST_F(SipStreamEnd, DoesNotSwallowWhatArrivedBefore)
{
    ASSERT_EQ(alice.invite(2), JF_OK);
    alice.release(); // INVITE and the end arrive together
    ASSERT_TRUE(heard(bob, "closed -13"));
    EXPECT_EQ(bob.log.events.front(), "invited 1 Alice \"A\" Ö");
}

TEST(SipStream, SendsWhatThePathWouldNotTakeYetInOrder)
{
    FakeHost host;
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE);
    MemoryLink link(JF_STREAM, 0, /*queue_limit=*/2);
    SessionUnderTest alice(plugin, link.path(0), kAlice, kBob);
    SessionUnderTest bob(plugin, link.path(1), kBob, kAlice);
    link.hold(true);
    for (int i = 0; i < 20; ++i)
        alice.message(0, "text/plain", std::to_string(i));
    link.hold(false);
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 20; }));
    ASSERT_EQ(bob.log.bodies.size(), 20U);
    for (std::size_t i = 0; i < 20; ++i)
        EXPECT_EQ(bob.log.bodies[i].second, std::to_string(i));
    EXPECT_EQ(std::count(alice.done_statuses.begin(), alice.done_statuses.end(), JF_OK), 20);
    alice.release();
    bob.release();
}

TEST(SipStream, EndsWhenThePeerDoesNotRead)
{
    FakeHost host;
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE, R"({"max_waiting_bytes":65536})");
    MemoryLink link(JF_STREAM, 0, /*queue_limit=*/1);
    SessionUnderTest alice(plugin, link.path(0), kAlice, kBob);
    link.hold(true);
    for (int i = 0; i < 4; ++i)
        alice.message(0, "text/plain", std::string(30000, 'x'));
    ASSERT_TRUE(host.run_until([&] { return alice.log.has("closed -12"); }));
    ASSERT_TRUE(host.run_until([&] { return alice.done_statuses.size() == 4; }));
    EXPECT_EQ(std::count(alice.done_statuses.begin(), alice.done_statuses.end(), JF_CLOSED), 4);
    link.hold(false);
    alice.release();
}

/// A stream that delivers when the test says so, on the test's thread.
class HandPath final : public PathBase {
public:
    jf_path_info describe() const noexcept override
    {
        return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, 0, 1, 0};
    }
    void open(jf_path_receiver receiver) override { gate.open(receiver); }
    Status send(std::span<const jf_bytes>) noexcept override { return JF_OK; }
    void close() noexcept override { gate.shut(); }
    void deliver(const std::string& text) { gate.deliver(make_packet(as_bytes(text), 0)); }

    ReceiverGate gate;
};

TEST(SipStream, EndsWhenMoreArrivesThanIsReadAndReadsWhatFitted)
{
    FakeHost host;
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE, R"({"max_waiting_bytes":65536})");
    HandPath path;
    SessionUnderTest bob(plugin, Path(path.handle()), kBob, kAlice);
    RequestText text;
    text.method = "MESSAGE";
    text.content_type = "text/plain";
    text.body = std::string(40000, 'x');
    path.deliver(text.text()); // the control thread does not turn in between
    text.branch = "z9hG4bK2";
    text.call_id = "2";
    path.deliver(text.text());
    path.deliver("\r\n");
    ASSERT_TRUE(host.run_until([&] { return bob.log.has("closed -12"); }));
    EXPECT_EQ(bob.log.all(), "message 0; closed -12; ");
    bob.release();
}

TEST(SipStream, TellsAnEndBetweenMessagesFromOneInTheMiddle)
{
    for (const bool whole : {true, false}) {
        FakeHost host;
        const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                             JF_SIGNALING_INTERFACE);
        HandPath path;
        SessionUnderTest bob(plugin, Path(path.handle()), kBob, kAlice);
        const std::string text = invite_text().text();
        path.deliver(whole ? text : text.substr(0, text.size() - 1));
        path.gate.ended(JF_CLOSED, "the peer closed");
        ASSERT_TRUE(host.run_until([&] { return bob.log.has_prefix("closed"); }));
        EXPECT_EQ(bob.log.all(), whole ? "invited 1 Alice; closed -13; " : "closed -8; ");
        bob.release();
    }
}

TEST(SipStream, MustBeAStream)
{
    FakeHost host;
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE);
    MemoryLink link(JF_DATAGRAM);
    try {
        const SessionUnderTest session(plugin, link.path(0), kAlice, kBob);
        FAIL() << "opened";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_INPUT);
    }
}

TEST(SipStream, ReadsWhatArrivedBeforeItWasOpened)
{
    FakeHost host;
    const InstanceUnderTest<jf_signaling_methods> plugin(host, JACKFIELD_TEST_PLUGIN_DIR, "signaling-sip",
                                                         JF_SIGNALING_INTERFACE);
    MemoryLink link(JF_STREAM);
    TextPeer peer(link.path(0));
    peer.send(invite_text().text());
    SessionUnderTest bob(plugin, link.path(1), kBob, kAlice);
    ASSERT_TRUE(host.run_until([&] { return bob.log.has("invited 1 Alice"); }));
    bob.release();
}

} // namespace
} // namespace jackfield::sip::testing
