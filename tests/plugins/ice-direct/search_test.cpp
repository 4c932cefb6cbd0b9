// How a way is found: several addresses, only one side that can be reached, greetings that get lost, a peer that
// vanishes, and what is shown to the peer.
#include "direct.hpp"

#include <gmock/gmock.h>

#include <netinet/ip.h>

#include <atomic>

namespace jackfield::direct_test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Search : public ::testing::TestWithParam<std::uint32_t> {
protected:
    FakeHost host_;
};

// The one behind a NAT knows where the other is; the other learns it from the first greeting.
TEST_P(Search, OneSideThatCanBeReachedIsEnough)
{
    const auto instance = make_direct(host_);
    for (const bool caller_is_reachable : {true, false}) {
        Call call(*instance, *instance, GetParam());
        call.a.gather();
        call.b.gather();
        call.b.set_remote(caller_is_reachable ? call.a.description() : credentials_only(call.a.description()));
        call.a.set_remote(caller_is_reachable ? credentials_only(call.b.description()) : call.b.description());
        ASSERT_TRUE(host_.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; }));
        const auto& surprised = caller_is_reachable ? call.a : call.b;
        EXPECT_THAT(surprised.pairs_.at(1).remote, HasSubstr("prflx"));
        Ear ear;
        call.b.path().open(ear);
        EXPECT_EQ(call.a.path().send(pattern(100)), JF_OK);
        EXPECT_TRUE(ear.wait_for_bytes(100));
        call.b.path().close();
    }
}

TEST_P(Search, AnAddressWhereNobodyAnswersHoldsUpNobody)
{
    const auto instance = make_direct(host_, R"("attempt_delay_ms": 50)");
    Socket silent(GetParam() == JF_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM);
    if (GetParam() == JF_STREAM)
        silent.listen(); // it connects, and then says nothing
    Call call(*instance, *instance, GetParam());
    call.a.gather();
    call.b.gather();
    call.b.set_remote(credentials_only(call.a.description()));
    call.a.set_remote(call.b.description() + candidate(GetParam(), silent.port(), 2000000000) + "\n");
    ASSERT_TRUE(host_.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.a.text_;
}

TEST_P(Search, FailsInTimeAndSaysWhichAddressesWereTried)
{
    const auto instance = make_direct(host_, R"("connect_timeout_ms": 300, "attempt_delay_ms": 20)");
    Socket silent(GetParam() == JF_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM);
    if (GetParam() == JF_STREAM)
        silent.listen();
    IceSession alone(*instance, JF_CONTROLLING, GetParam(), 1, "control");
    alone.gather();
    alone.set_remote("ufrg\n0123456789012345678901\n" + candidate(GetParam(), silent.port()) + "\n" +
                     candidate(GetParam(), 9, 4, "127.0.0.2") + "\n");
    ASSERT_TRUE(host_.run_until([&] { return alone.failed_ != 0; }));
    EXPECT_EQ(alone.status_, JF_TIMEOUT);
    EXPECT_THAT(alone.text_,
                HasSubstr("control component 1: nobody answered at 127.0.0.1:" + std::to_string(silent.port())));
    EXPECT_THAT(alone.text_, HasSubstr("127.0.0.2:9"));
    EXPECT_THAT(alone.text_, HasSubstr("300 ms"));
    if (GetParam() == JF_STREAM) {
        EXPECT_THAT(alone.text_, HasSubstr("refused"));
    }
    EXPECT_EQ(alone.failed_, 1);
    EXPECT_EQ(alone.ready(), 0U);
}

TEST_P(Search, ShowsThePeerTheAdvertisedAddressesWithItsOwnPorts)
{
    const auto instance = make_direct(host_, R"("advertise": ["198.51.100.7"])");
    IceSession session(*instance, JF_CONTROLLING, GetParam(), 2);
    session.gather();
    const std::string text = session.description();
    EXPECT_THAT(text, ContainsRegex(" 1 (UDP|TCP) [0-9]+ 198.51.100.7 [1-9][0-9]+ typ host"));
    EXPECT_THAT(text, ContainsRegex(" 2 (UDP|TCP) [0-9]+ 198.51.100.7 [1-9][0-9]+ typ host"));
    EXPECT_EQ(text.find("127.0.0.1"), std::string::npos) << text;
}

TEST_P(Search, RefusesToAdvertiseAFamilyThatItHasNoAddressOf)
{
    const auto instance = make_direct(host_, R"("advertise": ["2001:db8::7"])");
    IceSession session(*instance, JF_CONTROLLING, GetParam());
    try {
        session.gather();
        FAIL() << "gathered";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        EXPECT_THAT(failure.what(), HasSubstr("/advertise: 2001:db8::7"));
    }
}

TEST_P(Search, TellsTheRoundTripThatItMeasured)
{
    const auto instance = make_direct(host_);
    Call call(*instance, *instance, GetParam());
    ASSERT_TRUE(call.connect(host_, 1));
    EXPECT_GT(call.a.pairs_.at(1).round_trip_ns, 0);
    EXPECT_LT(call.a.pairs_.at(1).round_trip_ns, 10'000'000'000);
}

INSTANTIATE_TEST_SUITE_P(IceDirect, Search, ::testing::Values(JF_DATAGRAM, JF_STREAM),
                         [](const auto& test) { return test.param == JF_DATAGRAM ? "Udp" : "Tcp"; });

/// A host between the two, which loses the first datagrams of each direction.
class Between {
public:
    explicit Between(int lost) : lost_(lost) {}
    ~Between()
    {
        stopped_ = true;
        Socket(SOCK_DGRAM).send_to(front_.port(), Bytes{0});
        Socket(SOCK_DGRAM).send_to(back_.port(), Bytes{0});
    }
    std::uint16_t start(std::uint16_t to)
    {
        there_ = std::jthread([this, to] { carry(front_, back_, [to] { return to; }, &client_); });
        back_again_ = std::jthread([this] { carry(back_, front_, [this] { return client_.load(); }, nullptr); });
        return front_.port();
    }

private:
    void carry(Socket& from, Socket& onto, const std::function<std::uint16_t()>& to, std::atomic<std::uint16_t>* sender)
    {
        for (int count = 0; !stopped_; ++count) {
            std::uint16_t port = 0;
            const Bytes bytes = from.receive(&port);
            if (stopped_ || bytes.empty())
                return;
            if (sender != nullptr)
                *sender = port;
            if (count >= lost_)
                onto.send_to(to(), bytes);
        }
    }

    const int lost_;
    std::atomic<bool> stopped_ = false;
    std::atomic<std::uint16_t> client_ = 0;
    Socket front_{SOCK_DGRAM};
    Socket back_{SOCK_DGRAM};
    std::jthread there_;
    std::jthread back_again_;
};

TEST(DirectDatagrams, GreetingsThatGetLostAreRepeated)
{
    FakeHost host;
    const auto instance = make_direct(host);
    Call call(*instance, *instance, JF_DATAGRAM);
    call.a.gather();
    call.b.gather();
    Between between(3);
    const std::uint16_t port = between.start(port_of(call.b.description()));
    call.b.set_remote(credentials_only(call.a.description()));
    call.a.set_remote(credentials_only(call.b.description()) + candidate(JF_DATAGRAM, port) + "\n");
    ASSERT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; }));
    Ear ear;
    call.a.path().open(ear);
    EXPECT_EQ(call.b.path().send(pattern(10)), JF_OK);
    EXPECT_TRUE(ear.wait_for_bytes(10));
    call.a.path().close();
}

TEST(DirectDatagrams, APeerThatVanishesIsNoticedWithinTheLimit)
{
    FakeHost host;
    const auto left = make_direct(host, R"("silence_limit_ms": 500)");
    const auto right = make_direct(host, R"("silence_limit_ms": 500)");
    Call call(*left, *right, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1));
    Ear ear;
    call.a.path().open(ear);
    // While both are there, nothing fails in three times the limit.
    EXPECT_FALSE(host.run_until([&] { return call.a.failed_ + call.b.failed_ != 0; }, std::chrono::milliseconds(1500)))
        << call.a.text_ << call.b.text_;
    call.b.release();
    ASSERT_TRUE(host.run_until([&] { return call.a.failed_ != 0; }));
    EXPECT_EQ(call.a.status_, JF_UNREACHABLE);
    EXPECT_THAT(call.a.text_, HasSubstr("has not answered for 500 ms"));
    EXPECT_EQ(call.a.path().send(pattern(1)), JF_UNREACHABLE) << "a restart may bring it back";
    EXPECT_EQ(ear.closed_, 0);
    call.a.path().close();
}

TEST(DirectDatagrams, ReportTheEcnBitsTheyCameWith)
{
    FakeHost host;
    const auto instance = make_direct(host);
    IceSession session(*instance, JF_CONTROLLED, JF_DATAGRAM);
    session.gather();
    const std::string description = session.description();
    session.set_remote("ufrg\nthepasswordofthispeer1\n");
    Socket peer(SOCK_DGRAM);
    Bytes ask{5, 1, 1, 0, 0, 0, 7, static_cast<std::uint8_t>(password_of(description).size())};
    for (const char letter : password_of(description))
        ask.push_back(static_cast<std::uint8_t>(letter));
    peer.send_to(port_of(description), ask);
    const Bytes answer = peer.receive();
    ASSERT_GE(answer.size(), 8U);
    EXPECT_EQ(answer[1], 3);
    EXPECT_EQ(answer[6], 7);
    const Bytes asked_back = peer.receive();
    ASSERT_GE(asked_back.size(), 8U);
    EXPECT_EQ(asked_back[1], 1);
    ask[1] = 3; // our answer to it
    std::copy_n(asked_back.begin() + 3, 4, ask.begin() + 3);
    peer.send_to(port_of(description), ask);
    ASSERT_TRUE(host.run_until([&] { return session.ready() == 1; }));

    std::atomic<std::uint32_t> ecn = JF_ECN_UNKNOWN;
    Ear ear;
    ear.answer_ = [&](const jf_packet& packet) { ecn = packet.ecn; };
    session.path().open(ear);
    const int capable = 2; // ECT(0), RFC 3168 section 5
    setsockopt(peer.native(), IPPROTO_IP, IP_TOS, &capable, sizeof(capable));
    peer.send_to(port_of(description), pattern(10));
    ASSERT_TRUE(ear.wait_for_packets(1));
    EXPECT_EQ(ecn, 2U);
    session.path().close();
}

TEST(DirectStreams, APeerThatSendsBeforeAnybodyReadsIsHeldBackAndLosesNothing)
{
    FakeHost host;
    const auto left = make_direct(host);
    const auto right = make_direct(host);
    Call call(*left, *right, JF_STREAM);
    ASSERT_TRUE(call.connect(host, 1));
    Ear at_a;
    Ear at_b;
    call.a.path().open(at_a);
    const Bytes piece = pattern(JF_STREAM_SEND_MAX);
    std::size_t accepted = 0;
    // Bounded by the buffers of the system: some megabytes.
    for (bool room = true; room;) {
        if (call.a.path().send(piece) == JF_OK)
            accepted += piece.size();
        else
            room =
                at_a.wait([](Ear& ear) { return std::exchange(ear.writable_, 0) > 0; }, std::chrono::milliseconds(300));
    }
    EXPECT_GT(accepted, 262144U);
    call.b.path().open(at_b);
    ASSERT_TRUE(at_b.wait_for_bytes(accepted));
    EXPECT_EQ(at_b.closed_, 0);
    call.a.path().close();
    ASSERT_TRUE(at_b.wait([](const Ear& ear) { return ear.closed_ == 1; }));
    EXPECT_EQ(at_b.status_, JF_CLOSED);
    EXPECT_EQ(at_b.bytes_, accepted);
    for (std::size_t at = 0; at < at_b.bytes_; at += piece.size())
        ASSERT_TRUE(std::equal(piece.begin(), piece.end(), at_b.stream_.begin() + static_cast<std::ptrdiff_t>(at)));
}

TEST(DirectStreams, CannotRestart)
{
    FakeHost host;
    const auto instance = make_direct(host);
    Call call(*instance, *instance, JF_STREAM);
    ASSERT_TRUE(call.connect(host, 1));
    EXPECT_THROW(call.a.restart(), Failure);
}

} // namespace
} // namespace jackfield::direct_test
