// The handshake against the published vectors, and what it does with messages that are not right.
//
// Threads: the test's.
#include "engines.hpp"

namespace secure_noise {
namespace {

KeyPair key_of(std::string_view hex)
{
    Secret secret;
    const Bytes bytes = from_hex(hex);
    std::copy(bytes.begin(), bytes.end(), secret.data());
    return KeyPair::of(secret);
}

/// Cacophony's vector of Noise_XX_25519_ChaChaPoly_SHA256, which dissononce and snow agree with.
struct Vector {
    Vector() { prepare_library(); }

    Bytes prologue = from_hex("4a6f686e2047616c74");
    KeyPair initiator_static = key_of("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1");
    KeyPair responder_static = key_of("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893");
    Handshake initiator{true, initiator_static, prologue,
                        key_of("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a")};
    Handshake responder{false, responder_static, prologue,
                        key_of("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b")};
};

struct Message {
    const char* payload;
    const char* bytes;
};

constexpr Message kHandshake[] = {
    {"4c756477696720766f6e204d69736573", "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
                                         "4c756477696720766f6e204d69736573"},
    {"4d757272617920526f746862617264",
     "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
     "81cbad1f276e038c48378ffce2b65285e08d6b68aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed8831161f19b781"
     "5528f8982ffe09be9b5c412f8a0db50f8814c7194e83f23dbd8d162c9326ad"},
    {"462e20412e20486179656b", "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a8"
                               "0ae475b9df0f169ae80a89be0865b57f58c9fea0d4ec82a286427402f113e4b6"
                               "ae769a1d95941d49b25030"}};

constexpr Message kTransport[] = {
    {"4361726c204d656e676572", "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df"},
    {"4a65616e2d426170746973746520536179", "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5"},
    {"457567656e2042f6686d20766f6e2042617765726b",
     "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f"}};

TEST(Noise, MakesThePublishedMessages)
{
    Vector vector;
    for (std::size_t i = 0; i < std::size(kHandshake); ++i) {
        Handshake& writer = i % 2 == 0 ? vector.initiator : vector.responder;
        Handshake& reader = i % 2 == 0 ? vector.responder : vector.initiator;
        const auto message = writer.write(from_hex(kHandshake[i].payload));
        ASSERT_TRUE(message);
        EXPECT_EQ(*message, from_hex(kHandshake[i].bytes)) << "message " << i;
        const auto payload = reader.read(*message);
        ASSERT_TRUE(payload) << "message " << i;
        EXPECT_EQ(*payload, from_hex(kHandshake[i].payload));
    }
    const Keys ours = vector.initiator.split();
    const Keys theirs = vector.responder.split();
    const Bytes hash = from_hex("c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e");
    EXPECT_TRUE(std::equal(hash.begin(), hash.end(), ours.hash.begin()));
    EXPECT_EQ(ours.hash, theirs.hash);

    // The responder goes on: it would be its turn.
    const std::pair<const Cipher*, std::uint64_t> turns[] = {{&theirs.send, 0}, {&ours.send, 0}, {&theirs.send, 1}};
    for (std::size_t i = 0; i < std::size(kTransport); ++i) {
        const Bytes plain = from_hex(kTransport[i].payload);
        Bytes sealed(plain.size() + kTagBytes);
        turns[i].first->seal(turns[i].second, {}, plain, sealed.data());
        EXPECT_EQ(sealed, from_hex(kTransport[i].bytes)) << "record " << i;
    }
}

TEST(Noise, KnowsEachOthersStaticKeysAfterwards)
{
    Vector vector;
    vector.responder.read(*vector.initiator.write({}));
    vector.initiator.read(*vector.responder.write({}));
    vector.responder.read(*vector.initiator.write({}));
    EXPECT_EQ(vector.initiator.peers_static(), vector.responder_static.shown);
    EXPECT_EQ(vector.responder.peers_static(), vector.initiator_static.shown);
    EXPECT_EQ(vector.initiator.peers_ephemeral(), vector.responder.own_ephemeral());
}

TEST(Noise, AChangedMessageLeavesTheStateAsItWas)
{
    Vector vector;
    vector.responder.read(*vector.initiator.write({}));
    const Bytes second = *vector.responder.write(from_hex("0102"));
    for (std::size_t at = 0; at < second.size(); ++at) {
        Bytes changed = second;
        changed[at] ^= 1U;
        EXPECT_FALSE(vector.initiator.read(changed)) << "byte " << at;
    }
    for (std::size_t size = 0; size < second.size(); ++size)
        EXPECT_FALSE(vector.initiator.read(ByteView(second).first(size))) << size << " bytes";
    EXPECT_EQ(vector.initiator.read(second), from_hex("0102"));
}

TEST(Noise, AKeyOfSmallOrderIsRefused)
{
    Vector vector;
    const Bytes zero_point(kKeyBytes);
    ASSERT_TRUE(vector.responder.read(zero_point)); // nothing is agreed yet
    EXPECT_FALSE(vector.responder.write({}));
}

TEST(Noise, AnotherPrologueIsAnotherProtocol)
{
    Vector vector;
    Handshake stranger(false, vector.responder_static, jackfield::as_bytes("another"));
    stranger.read(*vector.initiator.write({}));
    EXPECT_FALSE(vector.initiator.read(*stranger.write({})));
}

TEST(Noise, ExportedKeysDependOnLabelContextAndSession)
{
    Vector vector;
    vector.responder.read(*vector.initiator.write({}));
    vector.initiator.read(*vector.responder.write({}));
    vector.responder.read(*vector.initiator.write({}));
    const Secret exporter = vector.initiator.split().exporter;
    const Bytes context = from_hex("00");
    const Bytes key = export_key(exporter, "label", {}, 100);
    EXPECT_EQ(key, export_key(vector.responder.split().exporter, "label", {}, 100));
    EXPECT_EQ(Bytes(key.begin(), key.begin() + 33), export_key(exporter, "label", {}, 33));
    EXPECT_NE(key, export_key(exporter, "label", context, 100));
    EXPECT_NE(key, export_key(exporter, "labels", {}, 100));
    EXPECT_NE(Bytes(key.begin(), key.begin() + 32), Bytes(exporter.data(), exporter.data() + 32));
    EXPECT_NE(export_key(exporter, "ab", from_hex("63"), 32), export_key(exporter, "a", from_hex("6263"), 32));
    EXPECT_EQ(export_key(exporter, "label", {}, 8160).size(), 8160U);
    EXPECT_THROW(export_key(exporter, "label", {}, 8161), jackfield::Failure);
}

} // namespace
} // namespace secure_noise
