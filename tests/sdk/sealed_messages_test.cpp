// What a device accepts as a call message: the one that was written for it, now, by who says so, once.
//
// Threads: the test's. The identity is a fake, the clock is turned by hand.
#include <jackfield/testing/fake_identity.hpp>

#include <jackfield/sealed_messages.hpp>

#include <gtest/gtest.h>

namespace jackfield {
namespace {

using testing::Clock;
using testing::FakeHost;
using testing::FakeIdentity;

class SealedMessages : public ::testing::Test {
protected:
    Bytes seal(const CallMessage& message)
    {
        return seal_message(host_.host(), alice_.service(), bob_.device(), message);
    }
    OpenedMessage open(ByteView value) { return open_message(host_.host(), bob_.service(), replays_, value); }

    Status refusal(ByteView value)
    {
        try {
            open(value);
            return JF_OK;
        } catch (const Failure& failure) {
            return failure.status();
        }
    }

    static CallMessage request()
    {
        CallMessage message;
        message.kind = JF_CALL_REQUEST;
        message.call_id = 0x0123456789abcdefU;
        message.purpose = "call";
        message.blob = "0d04b935\n7c33834e7cf944bf0e367b42\n";
        return message;
    }

    /// A box for Bob around a body that need not be right, signed by Alice unless the signature is given.
    Bytes handmade(const detail::MessageBody& body, const Bytes* signature = nullptr)
    {
        const Bytes encoded = body.encode();
        BinaryWriter plain;
        plain.raw(encoded);
        plain.block(signature != nullptr
                        ? *signature
                        : alice_.sign(JF_KEY_DEVICE, detail::labelled(detail::kMessageLabel, encoded)));
        BinaryWriter out;
        out.raw(detail::kMessageHead);
        out.raw(alice_.seal(bob_.device().chain_pem, plain.bytes()));
        return out.take();
    }

    detail::MessageBody body()
    {
        detail::MessageBody body{request(), 0, {}, alice_.device().chain_pem, "bob-phone"};
        body.message.sent_ms = host_.host().wall_ms();
        body.expiry_ms = body.message.sent_ms + 60'000;
        host_.host().random(body.nonce);
        return body;
    }

    FakeHost host_{Clock::manual};
    FakeIdentity alice_{host_.host(), "alice", "alice-laptop"};
    FakeIdentity bob_{host_.host(), "bob", "bob-phone"};
    FakeIdentity eve_{host_.host(), "eve", "eve-box"};
    ReplayMemory replays_;
};

TEST_F(SealedMessages, ArriveWithEveryFieldAndTheVerifiedSender)
{
    const OpenedMessage opened = open(seal(request()));
    EXPECT_EQ(opened.sender, alice_.device());
    EXPECT_EQ(opened.sender.chain_pem, alice_.device().chain_pem);
    EXPECT_EQ(opened.message.kind, static_cast<std::uint32_t>(JF_CALL_REQUEST));
    EXPECT_EQ(opened.message.call_id, request().call_id);
    EXPECT_EQ(opened.message.purpose, "call");
    EXPECT_EQ(opened.message.blob, request().blob);
    EXPECT_EQ(opened.message.sent_ms, host_.host().wall_ms());
}

TEST_F(SealedMessages, AreDeliveredOnce)
{
    const Bytes value = seal(request());
    EXPECT_EQ(refusal(value), JF_OK);
    EXPECT_EQ(refusal(value), JF_REFUSED);
    EXPECT_EQ(refusal(seal(request())), JF_OK) << "the same request sealed again is another message";
}

TEST_F(SealedMessages, AreRefusedByEveryoneElse)
{
    const Bytes value = seal(request());
    ReplayMemory memory;
    EXPECT_THROW(open_message(host_.host(), eve_.service(), memory, value), Failure);
}

TEST_F(SealedMessages, CannotBeSealedAgainForSomebodyElse)
{
    // Eve opens what Alice wrote to her and seals the same signed bytes for Bob.
    const Bytes to_eve = seal_message(host_.host(), alice_.service(), eve_.device(), request());
    const Bytes plain = eve_.open(ByteView(to_eve).subspan(3));
    BinaryWriter forged;
    forged.raw(detail::kMessageHead);
    forged.raw(eve_.seal(bob_.device().chain_pem, plain));
    EXPECT_EQ(refusal(forged.bytes()), JF_UNAUTHENTICATED);
}

TEST_F(SealedMessages, CannotBeSignedBySomebodyElse)
{
    const Bytes encoded = body().encode();
    const Bytes by_eve = eve_.sign(JF_KEY_DEVICE, detail::labelled(detail::kMessageLabel, encoded));
    EXPECT_EQ(refusal(handmade(body(), &by_eve)), JF_UNAUTHENTICATED);
}

TEST_F(SealedMessages, ExpireAfterTheirLifetimeAndTheClockTolerance)
{
    const Bytes early = seal(request());
    const Bytes late = seal(request());
    host_.advance(kMessageLifetime + kClockTolerance);
    EXPECT_EQ(refusal(early), JF_OK) << "a sender whose clock is two minutes behind is heard";
    host_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(refusal(late), JF_REFUSED);
}

TEST_F(SealedMessages, FromTheFutureAreRefused)
{
    detail::MessageBody future = body();
    future.message.sent_ms += kClockTolerance.count() + 1;
    future.expiry_ms = future.message.sent_ms + 1000;
    EXPECT_EQ(refusal(handmade(future)), JF_REFUSED);
}

TEST_F(SealedMessages, CannotClaimToBeFreshForever)
{
    for (const std::int64_t expiry : {host_.host().wall_ms() + kLongestMessageLifetime.count() + 1, INT64_MAX}) {
        detail::MessageBody lasting = body();
        lasting.expiry_ms = expiry;
        EXPECT_EQ(refusal(handmade(lasting)), JF_REFUSED) << expiry;
    }
    detail::MessageBody ancient = body();
    ancient.message.sent_ms = INT64_MIN;
    EXPECT_EQ(refusal(handmade(ancient)), JF_REFUSED);
}

TEST_F(SealedMessages, OfAnUnknownKindAreRefused)
{
    detail::MessageBody odd = body();
    odd.message.kind = 77;
    EXPECT_EQ(refusal(handmade(odd)), JF_BAD_INPUT);
    CallMessage message = request();
    message.kind = 0;
    EXPECT_THROW(seal(message), Failure);
}

TEST_F(SealedMessages, ThatAreTooLargeAreNotSent)
{
    CallMessage message = request();
    message.blob.assign(60'000, 'x');
    try {
        seal(message);
        FAIL() << "it was sealed";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BAD_INPUT);
    }
    message.blob.resize(59'000);
    EXPECT_EQ(refusal(seal(message)), JF_OK);
}

TEST_F(SealedMessages, ThatAreTooLargeAreNotOpened)
{
    Bytes value = seal(request());
    value.resize(kLargestSealedMessage_bytes + 1);
    EXPECT_EQ(refusal(value), JF_BAD_INPUT);
}

TEST_F(SealedMessages, DoNotSurviveAChangedOrMissingByte)
{
    const Bytes value = seal(request());
    for (std::size_t i = 0; i < value.size(); ++i) {
        Bytes changed = value;
        changed[i] ^= 1;
        EXPECT_NE(refusal(changed), JF_OK) << "byte " << i;
        EXPECT_NE(refusal(ByteView(value).first(i)), JF_OK) << "cut to " << i;
    }
    EXPECT_EQ(refusal(value), JF_OK);
}

TEST_F(SealedMessages, WithDamagedInsidesAreRefusedWithoutReadingPastTheEnd)
{
    // The seal is right, the inside is cut or changed at every place: a sender may lie about lengths.
    const Bytes encoded = body().encode();
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        for (const bool cut : {true, false}) {
            Bytes inside = encoded;
            if (cut)
                inside.resize(i);
            else
                inside[i] = 0xff;
            BinaryWriter out;
            out.raw(detail::kMessageHead);
            out.raw(alice_.seal(bob_.device().chain_pem, inside));
            EXPECT_NE(refusal(out.bytes()), JF_OK) << i;
        }
    }
}

Nonce nonce(std::uint8_t first, std::uint8_t second = 0)
{
    Nonce nonce{};
    nonce[0] = first;
    nonce[1] = second;
    return nonce;
}

TEST(ReplayMemory, ForgetsWhatIsNoLongerFresh)
{
    ReplayMemory memory;
    EXPECT_EQ(memory.admit("a", "d", nonce(1), 1000, 0), JF_OK);
    EXPECT_EQ(memory.admit("a", "d", nonce(1), 1000, 1000), JF_REFUSED);
    EXPECT_EQ(memory.admit("a", "d", nonce(2), 3000, 1001), JF_OK);
    EXPECT_EQ(memory.size(), 1U);
}

TEST(ReplayMemory, GivesEachAccountAShareThatOthersCannotTake)
{
    ReplayMemory memory;
    for (std::size_t i = 0; i < ReplayMemory::kPerAccount; ++i)
        ASSERT_EQ(memory.admit("loud", "d" + std::to_string(i), nonce(1), 1000, 0), JF_OK);
    EXPECT_EQ(memory.admit("loud", "one more", nonce(1), 1000, 0), JF_EXHAUSTED);
    EXPECT_EQ(memory.admit("quiet", "d", nonce(1), 1000, 0), JF_OK);
    EXPECT_EQ(memory.admit("loud", "d0", nonce(1), 1000, 0), JF_REFUSED) << "nothing fresh is pushed out";
}

TEST(ReplayMemory, KeepsRoomForTrustedAccountsWhenStrangersFillTheirs)
{
    ReplayMemory memory;
    memory.trust("friend");
    ASSERT_EQ(memory.admit("friend", "d", nonce(1), 1000, 0), JF_OK);
    for (std::size_t i = 0; i < 3 * ReplayMemory::kStrangers; ++i)
        memory.admit("stranger " + std::to_string(i), "d", nonce(1), 1000, 0);
    EXPECT_EQ(memory.size(), ReplayMemory::kStrangers + 1);
    EXPECT_EQ(memory.admit("one more", "d", nonce(1), 1000, 0), JF_EXHAUSTED);
    EXPECT_EQ(memory.admit("friend", "d", nonce(1), 1000, 0), JF_REFUSED);
    EXPECT_EQ(memory.admit("friend", "d", nonce(2), 1000, 0), JF_OK);
    EXPECT_EQ(memory.admit("one more", "d", nonce(1), 9000, 1001), JF_OK) << "room comes back with time";
    EXPECT_EQ(memory.size(), 1U);
}

TEST(CompactBinary, RefusesLengthsThatAreNotThere)
{
    BinaryWriter out;
    out.u32(0xffffffffU);
    BinaryReader huge(out.bytes());
    EXPECT_THROW(huge.block(100), Failure);
    BinaryReader longer(out.bytes());
    EXPECT_THROW(longer.block(SIZE_MAX), Failure);
}

} // namespace
} // namespace jackfield
