// A connection on which pings are no longer answered (RFC 5626 section 4.4.1). It takes as long as the limit is.
//
// Threads: the test's thread is control; the server has its own.
#include "account_under_test.hpp"

namespace discovery_sip::testing {
namespace {

std::string take_anybody(const Message& request)
{
    return request.method() == "REGISTER" ? bind(request, 600) : "";
}

TEST(SipKeepAlive, LeavesAServerThatAnswersPingsNoLonger)
{
    ScriptedServer server(Over::tcp, take_anybody);
    AccountUnderTest alice(alice_at(server, {{"transport", "tcp"}, {"keepalive_s", 1}}));
    ASSERT_TRUE(alice.begin());
    ASSERT_TRUE(alice.until([&] { return server.empty_lines() >= 1; }));
    server.answers_pings = false;
    ASSERT_TRUE(alice.until([&] { return alice.heard.states.size() > 1; }, 40s));
    EXPECT_NE(alice.heard.details[1].find("does not answer pings any more"), std::string::npos)
        << alice.heard.details[1];
    EXPECT_TRUE(alice.until([&] { return alice.online() && server.connections() == 2; }));
}

TEST(SipKeepAlive, BearsAServerThatNeverAnsweredPings)
{
    ScriptedServer server(Over::tcp, take_anybody);
    server.answers_pings = false;
    AccountUnderTest alice(alice_at(server, {{"transport", "tcp"}, {"keepalive_s", 1}}));
    ASSERT_TRUE(alice.begin());
    EXPECT_TRUE(alice.until([&] { return server.empty_lines() >= 12; }, 40s));
    EXPECT_EQ(server.connections(), 1U);
}

} // namespace
} // namespace discovery_sip::testing
