// The topmost Via of what comes in, and where a response goes by it (RFC 3261 section 18.2, RFC 3581).
//
// Threads: one.
#include "via.hpp"

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

namespace discovery_sip {
namespace {

using shared_sip::HostPort;

TEST(SipVia, SaysWhereARequestReallyCameFrom)
{
    const HostPort source{"198.51.100.7", 40000};
    EXPECT_EQ(stamped_via("SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1", source),
              "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1");
    EXPECT_EQ(stamped_via("SIP/2.0/UDP host;branch=b", source), "SIP/2.0/UDP host;branch=b;received=198.51.100.7");
    EXPECT_EQ(stamped_via("SIP/2.0/UDP 198.51.100.7;rport;branch=b", source),
              "SIP/2.0/UDP 198.51.100.7;branch=b;rport=40000;received=198.51.100.7");
    EXPECT_EQ(stamped_via("SIP / 2.0 / UDP [2001:db8::1]:5060 ;ttl=1", {"2001:db8::1", 5060}),
              "SIP / 2.0 / UDP [2001:db8::1]:5060;ttl=1");
}

TEST(SipVia, BelievesNothingThatTheSenderWroteAboutItself)
{
    EXPECT_EQ(
        stamped_via("SIP/2.0/UDP h;received=192.0.2.9;rport=9;Received=192.0.2.8;branch=b", {"198.51.100.7", 40000}),
        "SIP/2.0/UDP h;branch=b;rport=40000;received=198.51.100.7");
    EXPECT_THROW(stamped_via("SIP/2.0/UDP", {"198.51.100.7", 1}), jackfield::Failure);
    EXPECT_THROW(stamped_via("SIP/2.0/UDP a b:x", {"198.51.100.7", 1}), jackfield::Failure);
}

TEST(SipVia, SendsAResponseBackToThere)
{
    EXPECT_EQ(response_target("SIP/2.0/UDP h:5070;received=198.51.100.7"), (HostPort{"198.51.100.7", 5070}));
    EXPECT_EQ(response_target("SIP/2.0/UDP h;rport=40000;received=198.51.100.7"), (HostPort{"198.51.100.7", 40000}));
    EXPECT_EQ(response_target("SIP/2.0/UDP 192.0.2.1"), (HostPort{"192.0.2.1", 5060}));
    EXPECT_EQ(response_target("nonsense"), std::nullopt);
}

} // namespace
} // namespace discovery_sip
