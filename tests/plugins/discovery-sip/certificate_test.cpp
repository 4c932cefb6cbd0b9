// Whom a certificate names (RFC 5922 section 7).
//
// Threads: one.
#include "server_certificate.hpp"
#include "test_certificate.hpp"

#include <gtest/gtest.h>

namespace discovery_sip::testing {
namespace {

bool names(const std::string& common_name, const std::string& alternatives, const std::string& wanted)
{
    return names_server(TestCertificate(common_name, alternatives).certificate.get(), wanted);
}

TEST(SipServerCertificate, NamesADomainByASipUriFirst)
{
    EXPECT_TRUE(names("x", "URI:sip:Example.net", "example.net"));
    EXPECT_FALSE(names("x", "URI:sip:example.org,DNS:example.net", "example.net"))
        << "a DNS name beside a SIP URI does not count";
    EXPECT_FALSE(names("x", "URI:sip:alice@example.net", "example.net")) << "that is a user";
}

TEST(SipServerCertificate, NamesAHostByItsDnsNameOrAddress)
{
    EXPECT_TRUE(names("x", "DNS:Example.net,URI:https://example.org", "example.net"));
    EXPECT_TRUE(names("x", "IP:127.0.0.1", "127.0.0.1"));
    EXPECT_TRUE(names("x", "IP:2001:db8::1", "2001:db8:0::1"));
    EXPECT_FALSE(names("x", "IP:127.0.0.2", "127.0.0.1"));
    EXPECT_FALSE(names("x", "DNS:127.0.0.1", "127.0.0.1"));
    EXPECT_FALSE(names("x", "DNS:*.example.net", "sip.example.net")) << "wildcards match nothing";
}

TEST(SipServerCertificate, CountsTheCommonNameOnlyWhereThereIsNoOther)
{
    EXPECT_TRUE(names("Example.net", "", "example.net"));
    EXPECT_FALSE(names("example.net", "DNS:example.org", "example.net"));
    EXPECT_FALSE(names("example.net", "", "example.org"));
}

} // namespace
} // namespace discovery_sip::testing
