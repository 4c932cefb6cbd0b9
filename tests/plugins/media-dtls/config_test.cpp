// What media-dtls says of itself, and which configurations it does not take.
//
// Threads: the test's thread.
#include "tests/plugins/media_transport/call.hpp"

#include <gtest/gtest.h>

namespace media_transport_test {
namespace {

std::string refusal(const std::string& config)
{
    try {
        Side side(config, "media-dtls");
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_CONFIG);
        return failure.what();
    }
    return "taken";
}

std::string refusal_of(const Json& session)
{
    End end([](Bytes) { return JF_OK; });
    Side side("{}", "media-dtls");
    jf_error error = jackfield::no_error();
    if (side.open(session, {end.handle()}, &error) == JF_OK)
        return "taken";
    return error.text;
}

TEST(MediaDtls, NamesItsProfileAndItsCertificate)
{
    Side one("{}", "media-dtls");
    Side other("{}", "media-dtls");
    const Json can = one.capabilities();
    EXPECT_EQ(can["profile"], "UDP/TLS/RTP/SAVP");
    EXPECT_EQ(can["dtls"], true);
    EXPECT_TRUE(can["suites"].empty()) << "no keys go into descriptions";
    EXPECT_TRUE(one.fingerprint.starts_with("sha-256 ")) << one.fingerprint;
    EXPECT_EQ(one.fingerprint.size(), 8 + 32 * 3 - 1U);
    EXPECT_NE(one.fingerprint, other.fingerprint) << "each instance makes its own";
    EXPECT_THROW(one.make_key("AEAD_AES_128_GCM"), jackfield::Failure);
}

TEST(MediaDtls, RefusesOptionsThatCannotBe)
{
    EXPECT_NE(refusal(R"({"suites": ["NULL"]})").find("/suites/0: no suite"), std::string::npos);
    EXPECT_NE(refusal(R"({"mtu_bytes": 100})").find("/mtu_bytes: expected a whole number from 256 to 1400"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"retransmit_ms": 5})").find("/retransmit_ms"), std::string::npos);
    EXPECT_NE(refusal(R"({"handshake_timeout_ms": "1"})").find("/handshake_timeout_ms"), std::string::npos);
}

TEST(MediaDtls, RefusesASessionWithNobodyToShakeHandsWith)
{
    Simulation simulation(1, "{}", {"dtls", "media-dtls", "", 16, "AEAD_AES_128_GCM"});
    const Json good = call_session(simulation);
    EXPECT_EQ(refusal_of(good), "taken");
    Json bad = good;
    bad["streams"][0].erase("fingerprint");
    EXPECT_NE(refusal_of(bad).find("/streams/0/fingerprint: expected"), std::string::npos);
    bad = good;
    bad["streams"][1]["dtls_role"] = "both";
    EXPECT_NE(refusal_of(bad).find("/streams/1/dtls_role: expected"), std::string::npos);
    bad = good;
    bad["streams"][1]["dtls_role"] = "server";
    EXPECT_NE(refusal_of(bad).find("another stream of the same path has another peer or role"), std::string::npos);
}

} // namespace
} // namespace media_transport_test
