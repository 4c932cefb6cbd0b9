// What the plugin writes about itself, and what it does with what a stranger writes.
#include "ice_session.hpp"

#include <gmock/gmock.h>

#include <set>

namespace jackfield::ice_test {
namespace {

using ::testing::ContainsRegex;
using ::testing::MatchesRegex;

constexpr const char* kCandidate = "[A-Za-z0-9+/]{1,32} [1-4] (UDP|TCP) [0-9]{1,10} [0-9a-f.:]+ [0-9]{1,5} typ "
                                   "(host|srflx raddr [0-9a-f.:]+ rport [0-9]+|relay raddr [0-9a-f.:]+ rport [0-9]+)"
                                   "( tcptype (active|passive))?";

constexpr const char* kCredentials = "ufrg\n0123456789012345678901\n";

TEST(IceLibnice, WritesCredentialsAndHostCandidatesAsSoonAsGatherReturns)
{
    FakeHost host;
    const auto instance = make_instance(host);
    for (const auto kind : {JF_DATAGRAM, JF_STREAM}) {
        IceSession session(*instance, JF_CONTROLLING, static_cast<std::uint32_t>(kind), 4);
        session.gather();
        const std::string text = session.description();
        ASSERT_EQ(text.back(), '\n');
        const auto lines = lines_of(text);
        ASSERT_GE(lines.size(), 2U);
        EXPECT_THAT(lines[0], MatchesRegex("[A-Za-z0-9+/]{4,}"));
        EXPECT_THAT(lines[1], MatchesRegex("[A-Za-z0-9+/]{22,}"));
        EXPECT_EQ(lines.size(), kind == JF_STREAM ? 10U : 6U);
        for (std::size_t i = 2; i < lines.size(); ++i)
            EXPECT_THAT(lines[i], MatchesRegex(kCandidate));
        EXPECT_TRUE(host.run_until([&] { return session.gathered_ == 1; }));
        EXPECT_TRUE(session.candidates_.empty()) << "what the description said is not said again";
        EXPECT_EQ(session.description(), text);
    }
}

TEST(IceLibnice, EveryStreamComponentOffersAPassiveAndAnActiveCandidate)
{
    FakeHost host;
    const auto instance = make_instance(host);
    IceSession session(*instance, JF_CONTROLLING, JF_STREAM, 3);
    session.gather();
    const std::string text = session.description();
    for (const std::string component : {"1", "2", "3"}) {
        const std::string begin = " " + component + " TCP [0-9]+ 127.0.0.1 ";
        EXPECT_THAT(text, ContainsRegex(begin + "[1-9][0-9]{3,4} typ host tcptype passive\n"));
        EXPECT_THAT(text, ContainsRegex(begin + "9 typ host tcptype active\n"));
    }
}

TEST(IceLibnice, TheConfigurationIsRefusedWithItsPlace)
{
    FakeHost host;
    try {
        make_instance(host, R"({"stun": [7]})");
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        EXPECT_EQ(std::string(failure.what()).rfind("/stun/0:", 0), 0U) << failure.what();
    }
}

} // namespace
} // namespace jackfield::ice_test
