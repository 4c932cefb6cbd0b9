// SIP URIs and header values (RFC 3261 section 19.1 and 25.1).
//
// Threads: one.
#include <shared/sip/header_value.hpp>
#include <shared/sip/uri.hpp>

#include <gtest/gtest.h>

namespace shared_sip {
namespace {

TEST(SipUri, HasOneCanonicalForm)
{
    EXPECT_EQ(canonical_uri("sip:Bob@Example.ORG"), "sip:Bob@example.org");
    EXPECT_EQ(canonical_uri("SIPS:bob@example.org:5061"), "sips:bob@example.org");
    EXPECT_EQ(canonical_uri("sips:bob@example.org:5060"), "sips:bob@example.org:5060");
    EXPECT_EQ(canonical_uri("sip:bob@[2001:DB8::1]:5080;lr"), "sip:bob@[2001:db8::1]:5080");
    EXPECT_EQ(canonical_uri("sip:%62%6fb%2f%3A@h"), "sip:bob%2F%3A@h");
    EXPECT_EQ(canonical_uri("sip:example.org"), "sip:example.org");
    EXPECT_EQ(canonical_uri("sip:+4930;phone=1@h"), "sip:+4930;phone=1@h");
}

TEST(SipUri, IsNothingElse)
{
    for (const std::string text :
         {"", "sip", "sip:", "tel:1", "sip:a@", "sip:@b", "sip:a@b c", "sip:a@b:0", "sip:a@b:x", "sip:a@-b",
          "sip:a@[::1", "sip:a@[zz]", "sip:a%2@b", "sip:a<@b", "sip:a@b@c", "sip:a@b;x=@"})
        EXPECT_EQ(canonical_uri(text), "") << text;
    EXPECT_EQ(canonical_uri("sip:" + std::string(600, 'a') + "@b"), "");
}

TEST(SipUri, KeepsWhatBelongsToTheWay)
{
    const auto uri = read_uri("sip:bob@example.org:5070;transport=TCP;lr?subject=x;transport=udp");
    ASSERT_TRUE(uri);
    EXPECT_EQ(uri->parameter("transport"), "TCP");
    EXPECT_EQ(uri->where.text(), "example.org:5070");
}

TEST(HeaderValue, IsDividedOutsideOfQuotesAndBrackets)
{
    const auto parts = split_list("\"a, \\\"b\" <sip:x,y@z>, c ,\t<d;e>;f=\"g,h\"");
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_EQ(parts[0], "\"a, \\\"b\" <sip:x,y@z>");
    EXPECT_EQ(parts[1], "c");
    EXPECT_EQ(parts[2], "<d;e>;f=\"g,h\"");
}

TEST(HeaderValue, HasParametersBehindItsAddress)
{
    const std::string value = "\"x;tag=no\" <sip:a@b;tag=neither>;Tag = yes ;flag;q=\"a;b\"";
    EXPECT_EQ(parameter(value, "tag"), "yes");
    EXPECT_EQ(parameter(value, "flag"), "");
    EXPECT_EQ(parameter(value, "q"), "a;b");
    EXPECT_EQ(parameter(value, "none"), std::nullopt);
    EXPECT_EQ(address_of(value), "sip:a@b;tag=neither");
    EXPECT_EQ(address_of("sip:a@b;tag=x"), "sip:a@b");
    EXPECT_EQ(address_of("\"<sip:evil@x>\" <sip:a@b>"), "sip:a@b");
    EXPECT_EQ(address_of("<sip:a@b"), "");
}

TEST(HeaderValue, IsQuotedAndUnquoted)
{
    EXPECT_EQ(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
    EXPECT_EQ(unquoted(quoted("a\"b\\c")), "a\"b\\c");
    EXPECT_EQ(unquoted("plain"), "plain");
}

} // namespace
} // namespace shared_sip
