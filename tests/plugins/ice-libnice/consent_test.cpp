// A peer that vanishes without a word. libnice takes ten seconds to notice over UDP, so these tests take as long.
#include "ice_session.hpp"

namespace jackfield::ice_test {
namespace {

TEST(IceLibniceSlow, APeerThatVanishesIsNoticedByItsMissingConsent)
{
    FakeHost host;
    const auto left = make_instance(host);
    const auto right = make_instance(host);
    Call call(*left, *right, JF_DATAGRAM, 2);
    ASSERT_TRUE(call.connect(host, 2));
    Ear ear;
    call.a.path().open(ear);
    call.b.release(); // closes its sockets; ICE over UDP has no word for leaving
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(host.run_until([&] { return call.a.failed_ != 0; }, std::chrono::seconds(25)));
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    RecordProperty("seconds", std::to_string(took));
    EXPECT_LT(took, 20.0);
    EXPECT_EQ(call.a.status_, JF_UNREACHABLE);
    EXPECT_NE(call.a.text_.find("consent"), std::string::npos) << call.a.text_;
    EXPECT_EQ(call.a.failed_, 1);
    EXPECT_EQ(ear.closed_, 0) << "a restart may revive it";

    // And it does.
    IceSession other(*right, JF_CONTROLLED, JF_DATAGRAM, 2);
    other.gather();
    call.a.peer_ = &other;
    const int pairs = call.a.pair_events_;
    call.a.restart();
    call.a.set_remote(other.description());
    other.set_remote(call.a.description());
    ASSERT_TRUE(host.run_until([&] { return other.ready() == 2 && call.a.pair_events_ == pairs + 2; }));
    Ear at_other;
    other.path().open(at_other);
    EXPECT_EQ(call.a.path().send(pattern(10)), JF_OK) << "the same path as before";
    EXPECT_TRUE(at_other.wait_for_bytes(10));
    call.a.path().close();
    other.path().close();
}

// Packets that go past libnice must not keep from it those that say that the peer agrees.
TEST(IceLibniceSlow, DatagramsGoOnLongerThanConsentLasts)
{
    FakeHost host;
    const auto left = make_instance(host);
    const auto right = make_instance(host);
    Call call(*left, *right, JF_DATAGRAM, 2);
    ASSERT_TRUE(call.connect(host, 2));
    Ear ear;
    call.b.path().open(ear);
    const Bytes media(160, 0x80);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(14);
    std::size_t sent = 0;
    EXPECT_FALSE(host.run_until(
                     [&] {
                         EXPECT_EQ(call.a.path().send(media), JF_OK);
                         ++sent;
                         return call.a.failed_ + call.b.failed_ != 0 || std::chrono::steady_clock::now() > until;
                     },
                     std::chrono::seconds(30)) &&
                 std::chrono::steady_clock::now() < until)
        << call.a.text_ << call.b.text_;
    EXPECT_TRUE(ear.wait([&](const Ear& heard) { return heard.count_ * 2 > sent; }));
    call.a.path().close();
    call.b.path().close();
}

TEST(IceLibniceSlow, AnIdleStreamStaysUpLongerThanConsentLasts)
{
    FakeHost host;
    const auto left = make_instance(host);
    const auto right = make_instance(host);
    Call call(*left, *right, JF_STREAM);
    ASSERT_TRUE(call.connect(host, 1));
    Ear ear;
    call.b.path().open(ear);
    EXPECT_FALSE(host.run_until([&] { return call.a.failed_ + call.b.failed_ != 0; }, std::chrono::seconds(13)))
        << call.a.text_ << call.b.text_;
    EXPECT_EQ(call.a.path().send(pattern(100)), JF_OK);
    EXPECT_TRUE(ear.wait_for_bytes(100));
    EXPECT_EQ(ear.bytes_, 100U) << "keep-alives are not data";
    call.b.path().close();
}

} // namespace
} // namespace jackfield::ice_test
