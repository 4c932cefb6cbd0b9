// Two devices of one account, the second made from a copy of the account's file.
//
// Threads: the test's thread is control.
#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

namespace {

using namespace jackfield;
using jackfield::testing::TestIdentity;

TEST(IdentityX509, TellsTwoDevicesOfOneAccountApart)
{
    TestIdentity alice;
    const Device us = alice.device();
    const auto second = TestIdentity::sibling(alice);
    EXPECT_EQ(second->device().account_id, us.account_id);
    EXPECT_NE(second->device().device_id, us.device_id);
    try {
        alice.service().verify_chain(second->device().chain_pem, Device(us.account_id, us.device_id));
        FAIL() << "taken for the other device";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNAUTHENTICATED);
        EXPECT_NE(std::string(failure.what()).find("another device: expected " + us.device_id), std::string::npos)
            << failure.what();
    }
}

} // namespace
