// What discovery-opendht makes of its options.
//
// Threads: the test's.
#include "options.hpp"

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

namespace discovery_opendht {
namespace {

std::string complaint(std::string_view config)
{
    try {
        parse_options(config);
        return "";
    } catch (const jackfield::ConfigError& error) {
        return error.what();
    }
}

TEST(OpenDhtOptions, HaveDefaultsThatAskNobody)
{
    const Options options = parse_options("{}");
    EXPECT_TRUE(options.bootstrap.empty());
    EXPECT_EQ(options.listen.text(), "0.0.0.0:0");
    EXPECT_EQ(options.network, 0U);
    EXPECT_TRUE(options.public_rate_limits);
    EXPECT_FALSE(options.ipv6);
    EXPECT_FALSE(options.peer_discovery);
}

TEST(OpenDhtOptions, AreReadOneByOne)
{
    const Options options =
        parse_options(R"({"bootstrap": ["192.0.2.1:4223", "dht.example.org", "[2001:db8::1]:9", "[2001:db8::2]"],
                          "listen": "127.0.0.1:5000", "network": 77, "public_rate_limits": false, "ipv6": true,
                          "peer_discovery": true})");
    ASSERT_EQ(options.bootstrap.size(), 4U);
    EXPECT_EQ(options.bootstrap[0].text(), "192.0.2.1:4223");
    EXPECT_EQ(options.bootstrap[1].text(), "dht.example.org:4222");
    EXPECT_EQ(options.bootstrap[2].text(), "[2001:db8::1]:9");
    EXPECT_EQ(options.bootstrap[3].text(), "[2001:db8::2]:4222");
    EXPECT_EQ(options.listen.text(), "127.0.0.1:5000");
    EXPECT_EQ(options.network, 77U);
    EXPECT_FALSE(options.public_rate_limits);
    EXPECT_TRUE(options.ipv6);
    EXPECT_TRUE(options.peer_discovery);
}

TEST(OpenDhtOptions, ThatAreWrongAreRefusedWithTheirPlace)
{
    const std::pair<const char*, const char*> cases[] = {
        {R"({"listen": "everywhere:1"})", "/listen: \"everywhere\" is not a numeric address"},
        {R"({"listen": "127.0.0.1:66000"})", "/listen: \"66000\" is not a port"},
        {R"({"listen": "127.0.0.1:"})", "/listen: \"\" is not a port"},
        {R"({"listen": "::1:4222"})", "/listen: \"::1:4222\": an IPv6 address stands in brackets"},
        {R"({"listen": "[::1"})", "/listen: \"[::1\" is not of the form"},
        {R"({"listen": 1})", "/listen: expected \"host:port\""},
        {R"({"bootstrap": "a:1"})", "/bootstrap: expected a list"},
        {R"({"bootstrap": ["a:1", ":2"]})", "/bootstrap/1: \":2\" has no host"},
        {R"({"bootstrap": ["a:0"]})", "/bootstrap/0: port 0"},
        {R"({"bootstrap": ["[::1]:1"]})", "/bootstrap/0: an IPv6 address, but /ipv6 is false"},
    };
    for (const auto& [config, expected] : cases)
        EXPECT_EQ(complaint(config).find(expected), 0U) << config << " -> " << complaint(config);
    EXPECT_NE(complaint(R"({"network": "x"})"), "");
    EXPECT_NE(complaint("[]"), "");
}

} // namespace
} // namespace discovery_opendht
