// The payload that proves a device, read from whoever sends one, and certificates as text.
//
// Threads: the test's.
#include "engines.hpp"

#include "pem.hpp"

namespace secure_noise {
namespace {

void expect_refused(const Bytes& payload, const std::string& words)
{
    try {
        read_payload(payload);
        ADD_FAILURE() << "taken: " << words;
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_INPUT);
        EXPECT_NE(std::string(failure.what()).find(words), std::string::npos) << failure.what();
    }
}

TEST(Proof, ComesBackAsItWasWritten)
{
    const std::vector<Bytes> certificates{from_hex("3003020101"), Bytes(700, 7)};
    const Payload payload = read_payload(write_proof(certificates, from_hex("aabb")));
    EXPECT_FALSE(payload.alert);
    EXPECT_EQ(payload.proof.signature, from_hex("aabb"));
    EXPECT_EQ(certificates_of(payload.proof.chain_pem), certificates);
    EXPECT_EQ(read_payload(write_alert(42)).alert, 42);
}

TEST(Proof, IsRefusedWhenItIsNotWhole)
{
    const Bytes whole = write_proof(std::vector<Bytes>{from_hex("30030201"), from_hex("3000")}, from_hex("aabb"));
    for (std::size_t size = 0; size < whole.size(); ++size)
        expect_refused(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), "cut off");
    Bytes longer = whole;
    longer.push_back(0);
    expect_refused(longer, "behind its end");
}

TEST(Proof, IsBoundedInCountAndSize)
{
    EXPECT_NO_THROW(read_payload(write_proof(std::vector<Bytes>(8, from_hex("3000")), {})));
    expect_refused(write_proof(std::vector<Bytes>(9, from_hex("3000")), {}), "more than 8");
    expect_refused(write_proof(std::vector<Bytes>(1), {}), "empty certificate");
    EXPECT_NO_THROW(read_payload(write_proof({}, Bytes(kMostSignatureBytes))));
    expect_refused(write_proof({}, Bytes(kMostSignatureBytes + 1)), "too large a signature");
    expect_refused(write_proof(std::vector<Bytes>{Bytes(kMostPayloadBytes)}, {}), "too large");
    expect_refused(from_hex("03"), "unknown kind");
}

TEST(Proof, NamesItsEndAndTheHandshakeItIsFor)
{
    PublicKey key{1};
    PublicKey other{2};
    const Bytes text = signed_text(true, key, other);
    EXPECT_NE(text, signed_text(false, key, other));
    EXPECT_NE(text, signed_text(true, other, key));
    EXPECT_NE(text, signed_text(true, key, key));
}

TEST(Pem, ComesBackAsOpensslWritesIt)
{
    const Person person;
    const std::string pem = person.identity.device().chain_pem;
    std::string again;
    for (const auto& certificate : certificates_of(pem))
        append_certificate(certificate, again);
    EXPECT_EQ(again, pem);
    EXPECT_EQ(certificates_of("words in front\n" + pem).size(), 2U);
    EXPECT_EQ(certificates_of("").size(), 0U);
}

TEST(Pem, ThatIsDamagedIsRefused)
{
    EXPECT_THROW(certificates_of("-----BEGIN CERTIFICATE-----\nMAA="), jackfield::Failure);
    EXPECT_THROW(certificates_of("-----BEGIN CERTIFICATE-----\nM*A=\n-----END CERTIFICATE-----\n"), jackfield::Failure);
    EXPECT_THROW(certificates_of("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), jackfield::Failure);
}

} // namespace
} // namespace secure_noise
