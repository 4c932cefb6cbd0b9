// A relay whose nonce has expired (438, RFC 8489 section 9.2.4) when its allocation is refreshed in mid-call.
#include "ice_session.hpp"
#include "turn_server.hpp"

#include <gmock/gmock.h>

namespace jackfield::ice_test {
namespace {

TEST(IceLibniceSlow, ARelayWithAnotherNonceIsAskedAgainAndTheCallGoesOn)
{
    if (!TurnServer::installed())
        GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    using namespace std::chrono_literals;
    TurnServer server({"--stale-nonce=1", "--max-allocate-lifetime=6", "-v"});
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto instance = make_instance(
        host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "relay_only": true, "turn": [{"server": ")" +
                  server.address() + R"(", "username": "user", "password": "secret"}]})");
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_ << server.log();
    Ear ear;
    call.b.path().open(ear);
    const auto end = std::chrono::steady_clock::now() + 14s; // more than twice what an allocation lasts
    std::size_t sent = 0;
    while (std::chrono::steady_clock::now() < end) {
        ASSERT_EQ(call.a.path().send(pattern(100, static_cast<unsigned>(sent))), JF_OK);
        ASSERT_TRUE(ear.wait_for_packets(++sent)) << server.log();
        host.run_until([] { return false; }, 100ms);
    }
    EXPECT_THAT(server.log(), ::testing::HasSubstr("438"));
    EXPECT_EQ(call.a.failed_ + call.b.failed_, 0) << call.a.text_ << call.b.text_;
    call.b.path().close();
}

} // namespace
} // namespace jackfield::ice_test
