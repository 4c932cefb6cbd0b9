// Noise over a stream: what a session does with a peer who makes its messages by hand.
//
// Threads: the test's.
#include "engines.hpp"

namespace secure_noise {
namespace {

/// A peer that follows Noise and says what it likes.
struct HandMade {
    HandMade(bool initiator, const Person& person)
        : handshake(initiator, person.context.static_key(), jackfield::as_bytes("jackfield secure-noise 1"))
    {}

    Bytes framed(const Bytes& payload)
    {
        Bytes message = *handshake.write(payload);
        const auto size = static_cast<std::uint16_t>(message.size());
        message.insert(message.begin(), {static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)});
        return message;
    }
    std::optional<Bytes> take(const Bytes& framed_message)
    {
        return handshake.read(ByteView(framed_message).subspan(2));
    }

    Handshake handshake;
};

struct ServerAndHand {
    ServerAndHand() : server(bob.context, bob.role(false, alice), bob.out), hand(true, alice)
    {
        EXPECT_EQ(feed(server, hand.framed({})), HandshakeProgress::more);
        EXPECT_TRUE(hand.take(bob.out.all()));
    }

    /// The server's opinion of a third message.
    std::string refusal_of(const Bytes& payload)
    {
        EXPECT_EQ(feed(server, hand.framed(payload)), HandshakeProgress::failed);
        return server.failure().text;
    }

    Person alice, bob;
    StreamEngine server;
    HandMade hand;
};

TEST(Stream, AHandMadePeerWithAGoodProofIsTaken)
{
    ServerAndHand both;
    const Bytes proof = both.alice.context.own_proof(both.hand.handshake, true);
    EXPECT_EQ(feed(both.server, both.hand.framed(proof)), HandshakeProgress::done);
    EXPECT_EQ(both.server.info().peer, both.alice.identity.device());
    EXPECT_EQ(both.server.info().protocol, "Noise XX");
    EXPECT_EQ(both.server.info().cipher, "Noise_XX_25519_ChaChaPoly_SHA256");
    EXPECT_EQ(both.server.info().group, "X25519");
}

TEST(Stream, APeerWithoutCertificateIsRefusedAndTold)
{
    ServerAndHand both;
    EXPECT_EQ(both.refusal_of(write_proof({}, from_hex("00"))), "the peer sent no certificate");
    EXPECT_EQ(both.server.failure().status, JF_UNAUTHENTICATED);
    StreamRecords records(both.hand.handshake.split());
    const Bytes told = both.bob.out.all();
    const Opened opened = records.open(ByteView(told).subspan(2));
    ASSERT_EQ(opened.what, Opened::What::record);
    EXPECT_EQ(opened.kind, RecordKind::alert);
    EXPECT_EQ(opened.content[0], Engine::kBadCertificate);
}

TEST(Stream, AProofThatTheDeviceDidNotSignIsRefused)
{
    ServerAndHand both;
    Bytes proof = both.alice.context.own_proof(both.hand.handshake, true);
    proof.back() ^= 1U;
    EXPECT_EQ(both.refusal_of(proof), "the device did not sign that");
    EXPECT_EQ(both.server.failure().status, JF_UNAUTHENTICATED);
}

TEST(Stream, AProofFromAnEarlierHandshakeIsRefused)
{
    Person alice, bob;
    Bytes earlier;
    for (const bool again : {false, true}) {
        StreamEngine server(bob.context, bob.role(false, alice), bob.out);
        HandMade hand(true, alice);
        ASSERT_EQ(feed(server, hand.framed({})), HandshakeProgress::more);
        ASSERT_TRUE(hand.take(bob.out.all()));
        if (!again)
            earlier = alice.context.own_proof(hand.handshake, true);
        EXPECT_EQ(feed(server, hand.framed(earlier)), again ? HandshakeProgress::failed : HandshakeProgress::done);
    }
}

TEST(Stream, AProofMadeForTheOtherRoleIsRefused)
{
    ServerAndHand both;
    EXPECT_EQ(both.refusal_of(both.alice.context.own_proof(both.hand.handshake, false)),
              "the device did not sign that");
}

TEST(Stream, AProofThatIsNoneIsRefused)
{
    ServerAndHand both;
    both.refusal_of(from_hex("0102"));
    EXPECT_EQ(both.server.failure().status, JF_BAD_INPUT);
}

TEST(Stream, APeerThatRefusesIsHeard)
{
    ServerAndHand both;
    EXPECT_EQ(both.refusal_of(write_alert(42)), "the peer refused: alert bad_certificate (42)");
    EXPECT_EQ(both.server.failure().status, JF_REFUSED);
    EXPECT_TRUE(both.bob.out.sent.empty()) << "an alert is not answered with one";
}

TEST(Stream, AClientShowsNoCertificateToAServerItDoesNotExpect)
{
    Person alice, bob, carol;
    StreamEngine client(alice.context, alice.role(true, carol), alice.out);
    HandMade hand(false, bob);
    EXPECT_EQ(client.handshake(), HandshakeProgress::more);
    ASSERT_TRUE(hand.take(alice.out.all()));
    const Bytes proof = bob.context.own_proof(hand.handshake, false);
    EXPECT_EQ(feed(client, hand.framed(proof)), HandshakeProgress::failed);
    EXPECT_EQ(client.failure().status, JF_UNAUTHENTICATED);
    const auto payload = hand.take(alice.out.all());
    ASSERT_TRUE(payload);
    EXPECT_EQ(*payload, write_alert(Engine::kBadCertificate));
}

TEST(Stream, FirstBytesThatAreNoHandshakeAreRefusedBeforeMoreIsKept)
{
    Person alice, bob;
    for (const char* hex : {"0021", "1603", "ffff"}) {
        StreamEngine server(bob.context, bob.role(false, alice), bob.out);
        EXPECT_EQ(feed(server, from_hex(hex)), HandshakeProgress::failed) << hex;
        EXPECT_EQ(server.failure().status, JF_BAD_INPUT);
    }
    StreamEngine server(bob.context, bob.role(false, alice), bob.out);
    EXPECT_EQ(feed(server, from_hex("000401020304")), HandshakeProgress::failed) << "a key that is too short";
    StreamEngine client(alice.context, alice.role(true, bob), alice.out);
    client.handshake();
    const auto too_large = static_cast<std::uint16_t>(kLargestHandshakeMessage + 1);
    EXPECT_EQ(feed(client, {static_cast<std::uint8_t>(too_large >> 8U), static_cast<std::uint8_t>(too_large)}),
              HandshakeProgress::failed);
}

TEST(Stream, AnotherImplementationsLargestRecordIsRead)
{
    ServerAndHand both;
    ASSERT_EQ(feed(both.server, both.hand.framed(both.alice.context.own_proof(both.hand.handshake, true))),
              HandshakeProgress::done);
    const Keys keys = both.hand.handshake.split();
    Bytes plain(kLargestMessage - kTagBytes, 'x'); // more than we put into one
    plain[0] = static_cast<std::uint8_t>(RecordKind::data);
    Bytes framed(2 + kLargestMessage, 0xff);
    keys.send.seal(0, {}, plain, framed.data() + 2);
    const Reading reading = read(both.server, framed);
    EXPECT_EQ(reading.text, std::string(plain.size() - 1, 'x'));
    EXPECT_EQ(reading.end, jackfield::EngineRead::Kind::more);
}

TEST(Stream, ARecordOfAnUnknownKindEndsIt)
{
    for (const RecordKind kind : {RecordKind::confirm, static_cast<RecordKind>(200)}) {
        ServerAndHand both;
        ASSERT_EQ(feed(both.server, both.hand.framed(both.alice.context.own_proof(both.hand.handshake, true))),
                  HandshakeProgress::done);
        StreamRecords records(both.hand.handshake.split());
        const ByteView sealed = records.seal(kind, {});
        EXPECT_EQ(read(both.server, {sealed.begin(), sealed.end()}).end, jackfield::EngineRead::Kind::failed);
        EXPECT_EQ(both.server.failure().status, JF_BAD_INPUT);
    }
}

} // namespace
} // namespace secure_noise
