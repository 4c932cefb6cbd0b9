// The text of candidates and descriptions: the grammar, its limits, and what is refused.
#include <shared/ice/description.hpp>

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

namespace jackfield::ice {
namespace {

constexpr std::string_view kHost = "H6e6ca382 1 UDP 2130706431 2001:db8::1 14133 typ host";

TEST(IceCandidate, ReadsAHostCandidate)
{
    const auto candidate = parse_candidate(kHost);
    ASSERT_TRUE(candidate);
    EXPECT_EQ(candidate->foundation, "H6e6ca382");
    EXPECT_EQ(candidate->component, 1U);
    EXPECT_EQ(candidate->transport, Transport::udp);
    EXPECT_EQ(candidate->priority, 2130706431U);
    EXPECT_EQ(candidate->address.text(), "2001:db8::1");
    EXPECT_EQ(candidate->port, 14133);
    EXPECT_EQ(candidate->type, CandidateType::host);
    EXPECT_FALSE(candidate->related_address);
}

TEST(IceCandidate, WritesWhatItRead)
{
    for (const std::string_view line :
         {kHost, std::string_view("Sc0a8027e 2 UDP 1694498815 198.51.100.7 32589 typ srflx raddr 192.0.2.1 rport 4000"),
          std::string_view("1 1 TCP 1019216383 192.0.2.1 9 typ host tcptype active"),
          std::string_view("2 4 TCP 1015022079 192.0.2.1 4711 typ host tcptype passive"),
          std::string_view("r/+9 1 UDP 16777215 203.0.113.9 50000 typ relay raddr 0.0.0.0 rport 9")}) {
        const auto candidate = parse_candidate(line);
        ASSERT_TRUE(candidate) << line << ": " << candidate.error().why;
        EXPECT_EQ(write_candidate(*candidate), line);
    }
}

TEST(IceCandidate, IgnoresTheCaseOfWordsAndUnknownExtensions)
{
    const auto candidate =
        parse_candidate("1 1 tcp 7 192.0.2.1 5 TYP HOST generation 0 TcpType Passive network-cost 50");
    ASSERT_TRUE(candidate);
    EXPECT_EQ(candidate->transport, Transport::tcp_passive);
}

TEST(IceCandidate, RefusesEveryDeviationFromTheGrammar)
{
    for (const std::string_view line : {
             "",
             " ",
             "1",
             "candidate:1 1 UDP 5 192.0.2.1 5 typ host",
             "1  1 UDP 5 192.0.2.1 5 typ host",
             " 1 1 UDP 5 192.0.2.1 5 typ host",
             "1 1 UDP 5 192.0.2.1 5 typ host ",
             "1 0 UDP 5 192.0.2.1 5 typ host",
             "1 257 UDP 5 192.0.2.1 5 typ host",
             "1 0001 UDP 5 192.0.2.1 5 typ host",
             "1 -1 UDP 5 192.0.2.1 5 typ host",
             "1 1 UDP 0 192.0.2.1 5 typ host",
             "1 1 UDP 2147483648 192.0.2.1 5 typ host",
             "1 1 UDP 99999999999 192.0.2.1 5 typ host",
             "1 1 UDP 5 192.0.2.1 65536 typ host",
             "1 1 UDP 5 192.0.2.1 5 host",
             "1 1 UDP 5 192.0.2.1 5 typ",
             "1 1 UDP 5 192.0.2.1 5 typ host raddr",
             "1 1 UDP 5 192.0.2.1 5 typ srflx raddr 192.0.2.1",
             "1 1 UDP 5 192.0.2.1 5 typ srflx raddr 192.0.2.1 rport 65536",
             "1 1 UDP 5 192.0.2.1 5 typ host x",
             "1 1 TCP 5 192.0.2.1 5 typ host",
             "1 1 TCP 5 192.0.2.1 5 typ host tcptype sideways",
             "a_b 1 UDP 5 192.0.2.1 5 typ host",
             "123456789012345678901234567890123 1 UDP 5 192.0.2.1 5 typ host",
             "1 1 UDP 5 192.0.2.1 5 typ host\r",
             "1\t1 UDP 5 192.0.2.1 5 typ host",
         }) {
        const auto candidate = parse_candidate(line);
        ASSERT_FALSE(candidate) << line;
        EXPECT_TRUE(candidate.error().malformed) << line;
    }
    EXPECT_FALSE(parse_candidate(std::string_view("1 1 UDP 5 192.0.2.1 5 typ host\0", 31)));
    EXPECT_FALSE(parse_candidate(std::string(kHost) + " x " + std::string(500, 'y')));
}

TEST(IceCandidate, SetsAsideWhatIsWellFormedButOfNoUse)
{
    for (const std::string_view line : {
             "1 1 UDP 5 a9b8c7d6.local 5 typ host",
             "1 1 UDP 5 fe80::1%eth0 5 typ host",
             "1 1 SCTP 5 192.0.2.1 5 typ host",
             "1 1 UDP 5 192.0.2.1 5 typ satellite",
             "1 1 UDP 5 192.0.2 5 typ host",
         }) {
        const auto candidate = parse_candidate(line);
        ASSERT_FALSE(candidate) << line;
        EXPECT_FALSE(candidate.error().malformed) << line << ": " << candidate.error().why;
    }
}

TEST(IceDescription, ReadsCredentialsAndCandidatesAndSkipsBadLines)
{
    const auto description =
        parse_description("0d04b935\n7c33834e7cf944bf0e367b42\n" + std::string(kHost) + "\nnonsense\n\n" +
                          "2 1 UDP 5 192.0.2.1 5 typ host"); // without a last line end
    EXPECT_EQ(description.credentials.ufrag, "0d04b935");
    EXPECT_EQ(description.credentials.pwd, "7c33834e7cf944bf0e367b42");
    EXPECT_EQ(description.candidates.size(), 2U);
    EXPECT_EQ(description.skipped_lines, 2U);
    EXPECT_FALSE(description.first_problem.empty());
}

TEST(IceDescription, RefusesMissingOrMalformedCredentials)
{
    const std::string pwd(22, 'p');
    for (const std::string& text :
         {std::string(), std::string("\n\n"), std::string("ufrg"), "abc\n" + pwd + "\n",
          "ufrg\n" + std::string(21, 'p') + "\n", "uf g\n" + pwd + "\n", std::string(257, 'u') + "\n" + pwd + "\n",
          "ufrg\r\n" + pwd + "\r\n", "ufrg\n" + std::string(257, 'p') + "\n", std::string(70000, 'u')}) {
        EXPECT_THROW(parse_description(text), Failure) << text.substr(0, 40);
    }
    EXPECT_NO_THROW(parse_description("ufrg\n" + pwd));
}

TEST(IceDescription, TakesTheFirstSixtyFourOfAThousandCandidates)
{
    std::string text = "ufrg\n" + std::string(22, 'p') + "\n";
    for (int i = 0; i < 1000; ++i)
        text += "1 1 UDP " + std::to_string(2000 - i) + " 192.0.2.1 " + std::to_string(5000 + i) + " typ host\n";
    const auto description = parse_description(text);
    EXPECT_EQ(description.candidates.size(), 64U);
    EXPECT_EQ(description.candidates.back().port, 5063);
    EXPECT_EQ(description.skipped_lines, 936U);
}

TEST(IceAddress, KnowsTheClassesThatMatter)
{
    const auto is = [](const char* text) { return *IpAddress::parse(text); };
    EXPECT_TRUE(is("127.1.2.3").is_loopback());
    EXPECT_TRUE(is("::1").is_loopback());
    EXPECT_FALSE(is("::2").is_loopback());
    EXPECT_TRUE(is("169.254.0.1").is_link_local());
    EXPECT_TRUE(is("fe80::1").is_link_local());
    EXPECT_TRUE(is("febf::1").is_link_local());
    EXPECT_FALSE(is("fec0::1").is_link_local());
    EXPECT_TRUE(is("224.0.0.1").is_group());
    EXPECT_TRUE(is("255.255.255.255").is_group());
    EXPECT_TRUE(is("ff02::1").is_group());
    EXPECT_TRUE(is("0.0.0.0").is_unspecified());
    EXPECT_TRUE(is("::").is_unspecified());
    EXPECT_FALSE(IpAddress::parse("fe80::1%eth0"));
    EXPECT_FALSE(IpAddress::parse("localhost"));
    EXPECT_FALSE(IpAddress::parse(""));
}

} // namespace
} // namespace jackfield::ice
