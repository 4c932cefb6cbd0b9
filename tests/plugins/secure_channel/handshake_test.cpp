// What every secure channel does when all goes well: the behaviour all plugins share, also against each other.
//
// Threads: the test's thread is control.
#include "cases.hpp"
#include "pair.hpp"

#include <gtest/gtest.h>

namespace secure_test {
namespace {

class Handshake : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Handshake, ::testing::ValuesIn(all_cases()), case_name);

TEST_P(Handshake, ProvesBothEndsAndCarriesBytesBothWays)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.client.peer, pair.server_identity->device());
    EXPECT_EQ(pair.server.peer, pair.client_identity->device());
    EXPECT_EQ(pair.server.peer.chain_pem, pair.client_identity->device().chain_pem);
    EXPECT_EQ(pair.client.path().send(text("to the server")), JF_OK);
    EXPECT_EQ(pair.server.path().send(text("to the client")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.client.sink.size() >= 13 && pair.server.sink.size() >= 13; }));
    EXPECT_EQ(jackfield::as_text(pair.server.sink.bytes()), "to the server");
    EXPECT_EQ(jackfield::as_text(pair.client.sink.bytes()), "to the client");
}

class TlsHandshake : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, TlsHandshake, ::testing::ValuesIn(only_tls()), case_name);

TEST_P(TlsHandshake, SaysWhatWasAgreed)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const std::string version = GetParam().kind == JF_DATAGRAM ? "DTLS 1.2"
                                : GetParam().tls13()           ? "TLS 1.3"
                                                               : "TLS 1.2";
    const bool new_name = version == "TLS 1.3";
    for (const End* end : {&pair.client, &pair.server}) {
        EXPECT_EQ(end->protocol, version);
        EXPECT_EQ(end->cipher, new_name ? "TLS_AES_128_GCM_SHA256" : "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        EXPECT_EQ(end->group, "X25519");
    }
}

} // namespace
} // namespace secure_test
