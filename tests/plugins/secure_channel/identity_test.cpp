// Secure channels with the identity they are made for, identity-x509, and what they say about a node without one.
//
// Threads: the test's thread is control.
#include "cases.hpp"

#include <jackfield/testing/test_identity.hpp>

namespace secure_test {
namespace {

using jackfield::testing::TestIdentity;

/// None if identity-x509 is not there.
std::vector<Case> with_identity(std::vector<Case> cases)
{
    if (!JACKFIELD_IDENTITY_X509)
        cases.clear();
    return cases;
}

class WithIdentity : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, WithIdentity, ::testing::ValuesIn(with_identity(all_cases())), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WithIdentity);

/// Two nodes with accounts of their own.
struct Nodes {
    explicit Nodes(const Case& which, const std::string& key = "ec-p256")
        : alice(key),
          bob(key),
          link(which.kind),
          client(host, which.client, alice.raw(), config_for(which.client, which)),
          server(host, which.server, bob.raw(), config_for(which.server, which))
    {}

    void open(const Device& client_expects, const Device& server_expects)
    {
        server.open(link.path(1), false, server_expects);
        client.open(link.path(0), true, client_expects);
    }
    bool decided()
    {
        return host.run_until([&] { return client.decided() && server.decided(); });
    }

    TestIdentity alice, bob;
    FakeHost host;
    MemoryLink link;
    End client, server;
};

void expect_proof(Nodes& nodes)
{
    nodes.open(nodes.bob.device(), Device(nodes.alice.device().account_id, ""));
    ASSERT_TRUE(nodes.decided());
    ASSERT_TRUE(nodes.client.secured() && nodes.server.secured());
    EXPECT_EQ(nodes.client.peer, nodes.bob.device());
    EXPECT_EQ(nodes.server.peer, nodes.alice.device());
    nodes.server.open_secured_path();
    ASSERT_EQ(nodes.client.path().send(text("hello")), JF_OK);
    ASSERT_TRUE(nodes.host.run_until([&] { return nodes.server.sink.size() == 5; }));
}

TEST_P(WithIdentity, TwoAccountsProveThemselves)
{
    Nodes nodes(GetParam());
    expect_proof(nodes);
}

TEST_P(WithIdentity, AnotherDeviceOfTheSameAccountIsToldApart)
{
    Nodes nodes(GetParam());
    const auto sibling = TestIdentity::sibling(nodes.bob);
    nodes.open(sibling->device(), nodes.alice.device());
    ASSERT_TRUE(nodes.host.run_until([&] { return nodes.client.decided(); }));
    ASSERT_TRUE(nodes.client.failed());
    EXPECT_EQ(nodes.client.failure_->status, JF_UNAUTHENTICATED) << nodes.client.failure_->text;
}

class WithRsa : public ::testing::TestWithParam<Case> {};
// Making RSA keys is slow.
INSTANTIATE_TEST_SUITE_P(All, WithRsa, ::testing::ValuesIn(with_identity(cases_on(JF_STREAM))), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WithRsa);

TEST_P(WithRsa, TwoAccountsProveThemselves)
{
    Nodes nodes(GetParam(), "rsa-2048");
    expect_proof(nodes);
}

class Alone : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, Alone, ::testing::ValuesIn(plugins()),
                         [](const auto& plugin) { return plugin.param.substr(plugin.param.find('-') + 1); });

TEST_P(Alone, ANodeWithoutIdentityIsToldWhatIsMissing)
{
    FakeHost host;
    try {
        End end(host, GetParam(), nullptr, "{}");
        FAIL() << "created without an identity";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
        EXPECT_NE(std::string(failure.what()).find("identity"), std::string::npos);
    }
}

TEST_P(Alone, AWrongConfigurationIsNamedByItsPlace)
{
    FakeHost host;
    const auto identity = make_identity(host);
    for (const auto& [config, place] : {std::pair{R"({"mtu": 100})", "/mtu"},
                                        std::pair{R"({"handshake_timeout_ms": "soon"})", "/handshake_timeout_ms"},
                                        std::pair{R"({"retransmit_ms": 0})", "/retransmit_ms"},
                                        std::pair{R"({"hello_verify": 1})", "/hello_verify"}}) {
        if (speaks_quic(GetParam()) && std::string_view(place) == "/hello_verify")
            continue; // it has no such thing
        try {
            End end(host, GetParam(), identity->raw(), config);
            FAIL() << config;
        } catch (const jackfield::Failure& failure) {
            EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
            EXPECT_EQ(std::string(failure.what()).find(place), 0U) << failure.what();
        }
    }
}

TEST_P(Alone, APathOfTinyDatagramsIsRefused)
{
    FakeHost host;
    const auto identity = make_identity(host);
    MemoryLink link(JF_DATAGRAM, 200);
    End end(host, GetParam(), identity->raw(), "{}");
    try {
        end.open(link.path(0), true, identity->device());
        FAIL() << "opened";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    }
}

} // namespace
} // namespace secure_test
