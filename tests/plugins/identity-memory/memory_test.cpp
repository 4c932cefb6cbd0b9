// What is different about an identity that nobody keeps. What it does like the others stands in tests/plugins/identity.
//
// Threads: the test's thread is control.
#include <jackfield/testing/test_identity.hpp>

#include <gtest/gtest.h>

namespace {

using namespace jackfield;
using jackfield::testing::FakeHost;
using jackfield::testing::InstanceUnderTest;
using jackfield::testing::TestIdentity;

TEST(IdentityMemory, IsAnotherAccountAtEveryStart)
{
    const TestIdentity first("ec-p256", JACKFIELD_TEST_PLUGIN_DIR, "identity-memory");
    const TestIdentity second("ec-p256", JACKFIELD_TEST_PLUGIN_DIR, "identity-memory");
    EXPECT_NE(first.device().account_id, second.device().account_id);
    EXPECT_NE(first.device().device_id, second.device().device_id);
}

TEST(IdentityMemory, StaysTheSameWhenItIsLoadedAgain)
{
    TestIdentity identity("ec-p256", JACKFIELD_TEST_PLUGIN_DIR, "identity-memory");
    const Device before = identity.device();
    bool loaded = false;
    identity.raw()->methods->load(identity.raw()->self, {&loaded, [](void* self, Status status, const jf_error*) {
                                                             *static_cast<bool*>(self) = status == JF_OK;
                                                         }});
    ASSERT_TRUE(identity.host().run_until([&] { return loaded; }));
    EXPECT_EQ(identity.device(), before);
}

TEST(IdentityMemory, RefusesAWrongConfigurationByItsPlace)
{
    FakeHost host;
    for (const auto& [config, place] :
         {std::pair{R"({"key": "dsa"})", "/key: "}, std::pair{R"({"key": 7})", "/key: expected a text"},
          std::pair{R"({"account_name": []})", "/account_name: expected a text"}, std::pair{"[]", "/: expected"}}) {
        try {
            InstanceUnderTest<jf_identity_methods> identity(host, JACKFIELD_TEST_PLUGIN_DIR, "identity-memory",
                                                            JF_IDENTITY_INTERFACE, config);
            FAIL() << config;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_EQ(std::string(failure.what()).find(place), 0U) << failure.what();
        }
    }
}

} // namespace
