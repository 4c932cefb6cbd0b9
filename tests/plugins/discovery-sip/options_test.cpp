// The options of an account, and the words for those that cannot be.
//
// Threads: one.
#include "options.hpp"

#include "tests/kernel/temporary_folder.hpp"

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <fstream>

namespace discovery_sip {
namespace {

using Json = nlohmann::json;

Options read(const Json& more)
{
    Json config{{"aor", "sip:alice@Example.net"}};
    config.update(more);
    return parse_options(config.dump());
}

std::string problem(const Json& more)
{
    try {
        read(more);
    } catch (const jackfield::ConfigError& error) {
        return error.what();
    }
    return "none";
}

TEST(SipOptions, FollowFromTheAddress)
{
    const Options options = read(Json::object());
    EXPECT_EQ(options.aor.canonical(), "sip:alice@example.net");
    EXPECT_EQ(options.registrar, (HostPort{"example.net", 5060}));
    EXPECT_EQ(options.next_hop(), options.registrar);
    EXPECT_EQ(options.user, "alice");
    EXPECT_FALSE(options.password);
    EXPECT_EQ(options.expires.count(), 600);
    EXPECT_EQ(options.via_transport(), "UDP");
    EXPECT_EQ(options.uri_parameter(), "");
}

TEST(SipOptions, ChooseThePortByTheTransport)
{
    EXPECT_EQ(read({{"transport", "tls"}}).registrar.port, 5061);
    EXPECT_EQ(read({{"transport", "tls"}, {"registrar", "sip.example.net:5070"}}).registrar.text(),
              "sip.example.net:5070");
    EXPECT_EQ(read({{"aor", "sip:alice@example.net:5090"}}).registrar.port, 5090);
    EXPECT_EQ(read({{"aor", "sips:alice@example.net"}}).transport, Transport::tls);
    EXPECT_EQ(read({{"outbound_proxy", "[2001:db8::1]"}}).next_hop().text(), "[2001:db8::1]:5060");
}

TEST(SipOptions, TakeThePasswordFromTheFirstLineOfAFile)
{
    const jackfield::test::TemporaryFolder folder;
    const std::string file = (folder.path() / "password").string();
    std::ofstream(file) << "pass word \r\nanother line\n";
    EXPECT_EQ(read({{"password_file", file}}).password, "pass word ");
    EXPECT_NE(problem({{"password_file", file + "x"}}).find("/password_file: "), std::string::npos);
    EXPECT_NE(problem({{"password_file", file}, {"password", "x"}}).find("one of the two would work"),
              std::string::npos);
}

TEST(SipOptions, SayWhatIsWrongAndWhatWouldWork)
{
    for (const std::string aor : {"alice", "sip:example.net", "sip:alice@example.net;lr", "tel:1", "sip:@"})
        EXPECT_NE(problem({{"aor", aor}}).find("\"sip:alice@example.net\" would be one"), std::string::npos) << aor;
    EXPECT_TRUE(problem({{"registrar", "a:b:c"}}).starts_with("/registrar: "));
    EXPECT_TRUE(problem({{"outbound_proxy", "http://x"}}).starts_with("/outbound_proxy: "));
    EXPECT_TRUE(problem({{"bind", "eth0"}}).starts_with("/bind: "));
    EXPECT_TRUE(problem({{"aor", "sips:alice@example.net"}, {"transport", "udp"}}).starts_with("/transport: "));
    EXPECT_TRUE(problem({{"ca_file", "x"}}).starts_with("/ca_file: "));
    EXPECT_TRUE(problem({{"verify", false}}).starts_with("/verify: "));
    EXPECT_TRUE(problem({{"accept_from", "anyone"}, {"transport", "tcp"}}).starts_with("/accept_from: "));
    EXPECT_EQ(problem({{"accept_from", "anyone"}}), "none");
}

} // namespace
} // namespace discovery_sip
