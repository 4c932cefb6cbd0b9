// IPv4 addresses behind a NAT64: the table of RFC 6052 section 2.4, and prefixes found by RFC 7050.

#include <shared/ice/nat64.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace jackfield::ice {
namespace {

IpAddress address(const char* text)
{
    return IpAddress::parse(text).value();
}

std::string prefix_of(const std::vector<const char*>& answers)
{
    std::vector<IpAddress> addresses;
    for (const char* one : answers)
        addresses.push_back(address(one));
    const auto prefix = Nat64Prefix::find(addresses);
    return prefix ? prefix->text() : "none";
}

struct Row {
    const char* well_known; // 192.0.0.170 behind the prefix
    const char* prefix;
    const char* v6; // 192.0.2.33 behind it
};

// The prefixes and the second column are those of RFC 6052.
constexpr Row kRows[] = {
    {"2001:db8:c000:aa::", "2001:db8::/32", "2001:db8:c000:221::"},
    {"2001:db8:1c0:0:aa::", "2001:db8:100::/40", "2001:db8:1c0:2:21::"},
    {"2001:db8:122:c000:0:aa00::", "2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
    {"2001:db8:122:3c0:0:aa::", "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
    {"2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
    {"2001:db8:122:344::c000:aa", "2001:db8:122:344::/96", "2001:db8:122:344::c000:221"},
    {"64:ff9b::c000:ab", "64:ff9b::/96", "64:ff9b::c000:221"},
};

TEST(Nat64, FindsPrefixesOfEveryLengthAndPutsAddressesBehindThem)
{
    for (const auto& row : kRows) {
        const std::vector answers{address(row.well_known)};
        const auto prefix = Nat64Prefix::find(answers);
        ASSERT_TRUE(prefix) << row.prefix;
        EXPECT_EQ(prefix->text(), row.prefix);
        EXPECT_EQ(prefix->to_v6(address("192.0.2.33")), address(row.v6)) << row.prefix;
        EXPECT_EQ(prefix->to_v4(address(row.v6)), address("192.0.2.33")) << row.prefix;
        EXPECT_EQ(prefix->to_v4(address("2001:db9::1")), std::nullopt);
    }
}

TEST(Nat64, IsNotThereIfTheNameHasNoMadeUpAddress)
{
    EXPECT_EQ(prefix_of({}), "none");
    EXPECT_EQ(prefix_of({"192.0.0.170", "192.0.0.171"}), "none");
    EXPECT_EQ(prefix_of({"2001:db8::1"}), "none");
    EXPECT_EQ(prefix_of({"192.0.0.170", "64:ff9b::c000:aa"}), "64:ff9b::/96");
    EXPECT_EQ(prefix_of({"2001:db8:122:344:1c0:0:aa00:0"}), "none") << "bits 64 to 71 are zero";
}

TEST(Nat64, AsksTheOtherAddressIfOneCanBeReadInTwoWays)
{
    EXPECT_EQ(prefix_of({"2001:db8:c000:aa::c000:aa"}), "none");
    EXPECT_EQ(prefix_of({"2001:db8:c000:aa::c000:aa", "2001:db8::c000:ab"}), "2001:db8::/96");
}

TEST(Nat64, CarriesNothingToAddressesThatLeadNowhereOutThere)
{
    const std::vector answers{address("64:ff9b::c000:aa")};
    const auto prefix = Nat64Prefix::find(answers).value();
    for (const char* own : {"10.0.0.1", "172.16.0.1", "172.31.255.1", "192.168.1.2", "100.64.0.2", "127.0.0.1",
                            "169.254.1.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "2001:db8::1"})
        EXPECT_EQ(prefix.to_v6(address(own)), std::nullopt) << own;
    for (const char* out : {"172.32.0.1", "192.169.0.1", "100.128.0.1", "198.51.100.7", "11.0.0.1"})
        EXPECT_NE(prefix.to_v6(address(out)), std::nullopt) << out;
}

} // namespace
} // namespace jackfield::ice
