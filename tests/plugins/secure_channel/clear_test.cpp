// The channel that encrypts nothing: that it says so, and that it is not taken by mistake.
//
// Threads: the test's thread is control.
#include "cases.hpp"

namespace secure_test {
namespace {

class Clear : public ::testing::TestWithParam<Case> {
protected:
    static Case with_none(const char* client, const char* server) { return {client, server, GetParam().kind}; }
};
std::vector<Case> clear_cases()
{
    std::vector<Case> cases;
    for (const auto& id : plugins(false)) {
        for (const std::uint32_t kind : {JF_STREAM, JF_DATAGRAM})
            cases.push_back({id, id, kind});
    }
    return cases;
}
INSTANTIATE_TEST_SUITE_P(All, Clear, ::testing::ValuesIn(clear_cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Clear);

TEST_P(Clear, BytesGoAsTheyAreAndNobodyIsProven)
{
    std::mutex mutex;
    Bytes wire;
    Pair pair(GetParam());
    pair.link.set_filter([&](int end, Bytes& packet) {
        const std::lock_guard lock(mutex);
        if (end == 0)
            wire.insert(wire.end(), packet.begin(), packet.end());
        return true;
    });
    ASSERT_TRUE(pair.connect());
    for (const End* end : {&pair.client, &pair.server}) {
        EXPECT_EQ(end->protocol, "none");
        EXPECT_EQ(end->cipher, "none");
        EXPECT_EQ(end->group, "");
        EXPECT_EQ(end->peer, Device());
        EXPECT_EQ(end->peer.chain_pem, "");
    }
    ASSERT_EQ(pair.client.path().send(text("for everybody to read")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == 21; }));
    const std::lock_guard lock(mutex);
    EXPECT_EQ(jackfield::as_text(wire), "jackfield clear\nfor everybody to read");
}

TEST_P(Clear, ThePathSaysOfItselfWhatTheOneBelowSays)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const jf_path_info below = pair.link.path(0).describe();
    const jf_path_info info = pair.client.path().describe();
    EXPECT_EQ(info.secured, 0U);
    EXPECT_EQ(info.overhead_bytes, below.overhead_bytes);
    EXPECT_EQ(info.max_datagram_bytes, below.max_datagram_bytes);
}

TEST_P(Clear, HasNoKeyMaterial)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    try {
        pair.client.export_key("EXPORTER-test", "", 32);
        FAIL() << "keys of a channel without keys";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    }
}

TEST_P(Clear, APeerThatEncryptsIsNotTakenForOneThatDoesNot)
{
    if (!jackfield::test::among(plugins(), "secure-openssl"))
        GTEST_SKIP() << "secure-openssl is not there";
    for (const Case& which : {with_none("secure-openssl", "secure-none"), with_none("secure-none", "secure-openssl")}) {
        Pair pair(which, R"("handshake_timeout_ms": 300)");
        pair.open();
        ASSERT_TRUE(pair.decided(pair.client));
        ASSERT_TRUE(pair.decided(pair.server));
        EXPECT_TRUE(pair.client.failed()) << name_of(which);
        EXPECT_TRUE(pair.server.failed()) << name_of(which);
        if (which.stream() && which.server == "secure-none") {
            EXPECT_EQ(pair.server.failure_->status, JF_BAD_INPUT) << pair.server.failure_->text;
        }
    }
}

TEST(ClearAlone, IsNotLoadedUnlessItIsToldThatThisIsMeant)
{
    if (plugins(false).empty())
        GTEST_SKIP() << "secure-none is not there";
    FakeHost host;
    for (const char* config :
         {"{}", R"({"insecure": false})", R"({"insecure": "true"})", R"({"insecure": 1})", R"({"Insecure": true})"}) {
        try {
            End end(host, "secure-none", nullptr, config);
            FAIL() << "created with " << config;
        } catch (const jackfield::Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_EQ(std::string(failure.what()).find("/insecure: expected true"), 0U) << failure.what();
        }
    }
    End end(host, "secure-none", nullptr, R"({"insecure": true})");
}

} // namespace
} // namespace secure_test
