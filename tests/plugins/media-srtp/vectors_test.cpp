// What goes out is SRTP as the RFCs say it: an independent reading of RFC 3711 and RFC 7714 on OpenSSL, itself checked
// against the vectors printed there, opens and makes the very same packets.
//
// Threads: the test's thread.
#include <shared/srtp/srtp_context.hpp>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <shared/rtp/rtp_packet.hpp>
#include <shared/rtp/wire.hpp>

namespace jackfield::srtp {
namespace {

Bytes from_hex(std::string_view text)
{
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}

Bytes operator+(Bytes left, const Bytes& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// AES-128 in counter mode over `text`, from a full 16-byte counter block.
Bytes counter_mode(const Bytes& key, const Bytes& counter, const Bytes& text)
{
    Bytes out(text.size());
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    int size = 0;
    EXPECT_EQ(EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), nullptr, key.data(), counter.data()), 1);
    EXPECT_EQ(EVP_EncryptUpdate(context, out.data(), &size, text.data(), static_cast<int>(text.size())), 1);
    EVP_CIPHER_CTX_free(context);
    return out;
}

/// RFC 3711 section 4.3.3: the key stream of the master key, from the salt with the label in byte 7.
Bytes derive(const Bytes& master_key, Bytes master_salt, std::uint8_t label, std::size_t size)
{
    master_salt.resize(16);
    master_salt[7] ^= label;
    return counter_mode(master_key, master_salt, Bytes(size));
}

/// RFC 3711 section 4.1.1: salt * 2^16 XOR ssrc * 2^64 XOR index * 2^16.
Bytes counter_block(Bytes salt, std::uint32_t ssrc, std::uint64_t index)
{
    salt.resize(16);
    Bytes mask(16);
    write_u32(&mask[4], ssrc);
    write_u64(&mask[6], read_u64(&mask[6]) ^ index);
    for (std::size_t i = 0; i < 16; ++i)
        salt[i] = static_cast<std::uint8_t>(salt[i] ^ mask[i]);
    return salt;
}

Bytes hmac_sha1(const Bytes& key, const Bytes& text)
{
    Bytes digest(20);
    unsigned int size = 0;
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), text.data(), text.size(), digest.data(), &size);
    return digest;
}

/// AEAD_AES_128_GCM with session keys (RFC 7714 section 8.1: SSRC, ROC and sequence number XOR salt).
Bytes gcm_packet(const Bytes& session_key, const Bytes& session_salt, const Bytes& header, const Bytes& payload,
                 std::uint32_t roc)
{
    Bytes iv(12);
    std::copy(&header[8], &header[8] + 4, &iv[2]);
    write_u32(&iv[6], roc);
    std::copy(&header[2], &header[2] + 2, &iv[10]);
    for (std::size_t i = 0; i < 12; ++i)
        iv[i] = static_cast<std::uint8_t>(iv[i] ^ session_salt[i]);
    Bytes sealed(payload.size());
    Bytes tag(16);
    int size = 0;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    EXPECT_EQ(EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nullptr, session_key.data(), iv.data()), 1);
    EXPECT_EQ(EVP_EncryptUpdate(context, nullptr, &size, header.data(), static_cast<int>(header.size())), 1);
    EXPECT_EQ(EVP_EncryptUpdate(context, sealed.data(), &size, payload.data(), static_cast<int>(payload.size())), 1);
    EXPECT_EQ(EVP_EncryptFinal_ex(context, sealed.data() + size, &size), 1);
    EXPECT_EQ(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag.data()), 1);
    EVP_CIPHER_CTX_free(context);
    return header + sealed + tag;
}

/// AES_CM_128_HMAC_SHA1_80 from master keys (RFC 3711 sections 4.1.1 and 4.2).
Bytes cm_packet(const Bytes& master_key, const Bytes& master_salt, const Bytes& header, const Bytes& payload,
                std::uint32_t roc)
{
    const Bytes key = derive(master_key, master_salt, 0, 16);
    const Bytes salt = derive(master_key, master_salt, 2, 14);
    const Bytes authentication = derive(master_key, master_salt, 1, 20);
    const std::uint64_t index = (std::uint64_t{roc} << 16) | read_u16(&header[2]);
    const Bytes packet = header + counter_mode(key, counter_block(salt, read_u32(&header[8]), index), payload);
    Bytes roc_bytes(4);
    write_u32(roc_bytes.data(), roc);
    Bytes tag = hmac_sha1(authentication, packet + roc_bytes);
    tag.resize(10);
    return packet + tag;
}

TEST(MediaSrtpVectors, DerivesKeysAsRfc3711AppendixB3)
{
    const Bytes key = from_hex("E1F97A0D3E018BE0D64FA32C06DE4139");
    const Bytes salt = from_hex("0EC675AD498AFEEBB6960B3AABE6");
    EXPECT_EQ(derive(key, salt, 0, 16), from_hex("C61E7A93744F39EE10734AFE3FF7A087"));
    EXPECT_EQ(derive(key, salt, 2, 14), from_hex("30CBBC08863D8C85D49DB34A9AE1"));
    EXPECT_EQ(derive(key, salt, 1, 20), from_hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

TEST(MediaSrtpVectors, EncryptsAsRfc3711AppendixB2)
{
    const Bytes key = from_hex("2B7E151628AED2A6ABF7158809CF4F3C");
    const Bytes salt = from_hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
    EXPECT_EQ(counter_mode(key, counter_block(salt, 0, 0), Bytes(32)),
              from_hex("E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB"));
}

TEST(MediaSrtpVectors, SealsAsRfc7714Section16)
{
    const Bytes key = from_hex("000102030405060708090a0b0c0d0e0f");
    const Bytes salt = from_hex("517569642070726f2071756f");
    const Bytes header = from_hex("8040f17b8041f8d35501a0b2");
    const Bytes payload = from_hex("47616c6c696120657374206f6d6e697320646976697361"
                                   "20696e207061727465732074726573");
    EXPECT_EQ(gcm_packet(key, salt, header, payload, 0),
              from_hex("8040f17b8041f8d35501a0b2"
                       "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
                       "899d7f27beb16a9152cf765ee4390cce"));
}

/// Both packets as the plugin makes them, over a wrap of the sequence number, and the plugin opens ours.
void expect_same(const Suite& suite,
                 Bytes (*make)(const Bytes&, const Bytes&, const Bytes&, const Bytes&, std::uint32_t))
{
    LibraryStart library;
    library.finish();
    Key key{&suite, Bytes(suite.key_bytes + suite.salt_bytes)};
    for (std::size_t i = 0; i < key.bytes.size(); ++i)
        key.bytes[i] = static_cast<std::uint8_t>(i * 11 + 3);
    const auto middle = key.bytes.begin() + static_cast<std::ptrdiff_t>(suite.key_bytes);
    const Bytes master_key(key.bytes.begin(), middle);
    const Bytes master_salt(middle, key.bytes.end());
    Protector protector(key, 0xcafe0001);
    Unprotector unprotector(key, std::nullopt);
    for (std::uint32_t i = 0; i < 6; ++i) {
        Bytes header(kRtpHeaderBytes);
        const std::uint32_t index = 65'533 + i;
        write_rtp_header(header, {static_cast<std::uint16_t>(index), i * 960, 0xcafe0001, 111, i == 0, false});
        const Bytes payload(100 + i, static_cast<std::uint8_t>(i));
        const Bytes expected = make(master_key, master_salt, header, payload, index >> 16);

        Bytes packet = header + payload;
        std::size_t size = packet.size();
        packet.resize(size + kMaxTrailerBytes);
        ASSERT_TRUE(protector.rtp(packet, size));
        packet.resize(size);
        EXPECT_EQ(packet, expected) << suite.name << " packet " << i;

        Bytes received = expected;
        ASSERT_TRUE(unprotector.rtp(received, size));
        received.resize(size);
        EXPECT_EQ(received, header + payload);
    }
}

TEST(MediaSrtpVectors, ProtectsLikeTheReferenceWithAesGcm)
{
    expect_same(*find_suite("AEAD_AES_128_GCM"),
                [](const Bytes& key, const Bytes& salt, const Bytes& header, const Bytes& payload, std::uint32_t roc) {
                    // RFC 7714 section 11: the same derivation, the 96-bit salt filled up with zeros.
                    return gcm_packet(derive(key, salt, 0, 16), derive(key, salt, 2, 12), header, payload, roc);
                });
}

TEST(MediaSrtpVectors, ProtectsLikeTheReferenceWithAesCounterMode)
{
    expect_same(*find_suite("AES_CM_128_HMAC_SHA1_80"), cm_packet);
}

} // namespace
} // namespace jackfield::srtp
