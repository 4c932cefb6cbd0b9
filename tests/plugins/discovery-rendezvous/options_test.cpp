// What stands in the configuration, and what is said about what should not.
#include "options.hpp"

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

namespace discovery_rendezvous {
namespace {

Server server(const std::string& url)
{
    return parse_options(R"({"servers":[")" + url + R"("]})").servers.at(0);
}

std::string problem(const std::string& config)
{
    try {
        parse_options(config);
        return "";
    } catch (const jackfield::ConfigError& wrong) {
        return wrong.what();
    }
}

TEST(RendezvousOptions, TakeAHostAPortAndAPath)
{
    EXPECT_EQ(server("http://example.org").authority(), "example.org:4380");
    EXPECT_EQ(server("http://example.org").path, "/v1/board");
    EXPECT_EQ(server("http://192.0.2.7:80/meet/").authority(), "192.0.2.7:80");
    EXPECT_EQ(server("http://192.0.2.7:80/meet/").path, "/meet/v1/board");
    EXPECT_EQ(server("http://[::1]:81").host, "::1");
    EXPECT_EQ(server("http://[::1]:81").authority(), "[::1]:81");
    EXPECT_EQ(server("http://[::1]").port, 4380);
}

TEST(RendezvousOptions, SayWhatIsWrongWhereAndWhatWouldWork)
{
    EXPECT_EQ(problem("{}").substr(0, 10), "/servers: ");
    EXPECT_EQ(problem(R"({"servers":[]})").substr(0, 10), "/servers: ");
    EXPECT_EQ(problem(R"({"servers":["http://a", 7]})").substr(0, 12), "/servers/1: ");
    for (const char* url : {"example.org", "ftp://example.org", "http://", "http://:80", "http://a:0", "http://a:65536",
                            "http://a:80x", "http://::1", "http://[::1", "http://[::1]80", "http://a b", "http://a?b",
                            "http://user@a", "http://a\\r\\nHost: b"}) {
        const std::string text = problem(R"({"servers":[")" + std::string(url) + R"("]})");
        EXPECT_EQ(text.substr(0, 12), "/servers/0: ") << url << ": " << text;
    }
    EXPECT_NE(problem(R"({"servers":["example.org"]})").find("would work"), std::string::npos);
    EXPECT_NE(problem(R"({"servers":["https://example.org"]})").find("not supported"), std::string::npos);
}

} // namespace
} // namespace discovery_rendezvous
