// A device whose key stays in a token proves itself where the identity may sign; a library that wants the key says why
// it cannot.
//
// Threads: the test's thread is control.
#include "soft_token.hpp"

#include "tests/plugins/plugin_list.hpp"
#include "tests/plugins/secure_channel/pair.hpp"

namespace pkcs11_test {
namespace {

using secure_test::End;
using secure_test::MemoryLink;

struct Case {
    const char* plugin;
    const char* key;
};

bool is_there(const std::string& plugin)
{
    return jackfield::test::among(jackfield::test::listed(JACKFIELD_SECURE_CHANNELS), plugin);
}

class Pkcs11Proof : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Channels, Pkcs11Proof,
                         ::testing::Values(Case{"secure-noise", "EC:prime256v1"}, Case{"secure-noise", "rsa:2048"},
                                           Case{"secure-gnutls", "EC:prime256v1"}, Case{"secure-gnutls", "rsa:2048"},
                                           Case{"quic-ngtcp2", "EC:prime256v1"}),
                         [](const auto& which) {
                             const std::string plugin = which.param.plugin;
                             return plugin.substr(plugin.find('-') + 1) + (which.param.key[0] == 'E' ? "_ec" : "_rsa");
                         });

TEST_P(Pkcs11Proof, OfADeviceWhoseKeyStaysInItsTokenIsTakenInBothRoles)
{
    if (!is_there(GetParam().plugin))
        GTEST_SKIP() << GetParam().plugin << " is not there";
    const SoftToken token(GetParam().key);
    const TokenIdentity alice(token.config());
    ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
    const TestIdentity bob;
    for (const std::uint32_t kind : {JF_STREAM, JF_DATAGRAM}) {
        for (const bool client : {true, false}) {
            if (kind == JF_STREAM && secure_test::speaks_quic(GetParam().plugin))
                continue;
            FakeHost host;
            MemoryLink link(kind);
            End at_alice(host, GetParam().plugin, alice.raw(), "{}");
            End at_bob(host, GetParam().plugin, bob.raw(), "{}");
            at_bob.open(link.path(1), !client, alice.device());
            at_alice.open(link.path(0), client, bob.device());
            ASSERT_TRUE(host.run_until([&] { return at_alice.decided() && at_bob.decided(); }));
            ASSERT_TRUE(at_alice.secured() && at_bob.secured());
            EXPECT_EQ(at_bob.peer, alice.device());
            EXPECT_EQ(at_alice.peer, bob.device());
        }
    }
}

TEST(Pkcs11Channel, AnotherTlsSaysThatItCannotHaveTheKey)
{
    if (!is_there("secure-openssl"))
        GTEST_SKIP() << "secure-openssl is not there";
    const SoftToken token;
    const TokenIdentity alice(token.config());
    ASSERT_EQ(alice.loaded->status, JF_OK) << alice.loaded->text;
    FakeHost host;
    try {
        const End end(host, "secure-openssl", alice.raw(), "{}");
        FAIL() << "taken";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
        EXPECT_NE(std::string(failure.what()).find("secure-noise"), std::string::npos) << failure.what();
    }
}

} // namespace
} // namespace pkcs11_test
