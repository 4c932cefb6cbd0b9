// Which announcements of a device are believed: the fresh ones that its account signed.
//
// Threads: the test's. The identity is a fake, the clock is turned by hand.
#include <jackfield/testing/fake_identity.hpp>

#include <jackfield/device_card.hpp>

#include <gtest/gtest.h>

namespace jackfield {
namespace {

using testing::Clock;
using testing::FakeHost;
using testing::FakeIdentity;

class DeviceCards : public ::testing::Test {
protected:
    DeviceCard card(const FakeIdentity& of)
    {
        const std::int64_t now_ms = host_.host().wall_ms();
        return {of.device(), now_ms, now_ms + 600'000, false};
    }

    Status refusal(std::string_view account, ByteView value)
    {
        try {
            decode_card(host_.host(), alice_.service(), account, value);
            return JF_OK;
        } catch (const Failure& failure) {
            return failure.status();
        }
    }

    FakeHost host_{Clock::manual};
    FakeIdentity alice_{host_.host(), "alice", "alice-laptop"};
    FakeIdentity bob_{host_.host(), "bob", "bob-phone"};
};

TEST_F(DeviceCards, ArriveWithEveryField)
{
    DeviceCard sent = card(bob_);
    sent.withdrawn = true;
    const DeviceCard got = decode_card(host_.host(), alice_.service(), "bob", encode_card(bob_.service(), sent));
    EXPECT_EQ(got.device, bob_.device());
    EXPECT_EQ(got.device.chain_pem, bob_.device().chain_pem);
    EXPECT_EQ(got.issued_ms, sent.issued_ms);
    EXPECT_EQ(got.expiry_ms, sent.expiry_ms);
    EXPECT_TRUE(got.withdrawn);
}

TEST_F(DeviceCards, OfAnotherAccountAreRefused)
{
    const Bytes value = encode_card(bob_.service(), card(bob_));
    EXPECT_EQ(refusal("bob", value), JF_OK);
    EXPECT_EQ(refusal("alice", value), JF_UNAUTHENTICATED);
}

TEST_F(DeviceCards, SignedBySomebodyElseAreRefused)
{
    EXPECT_EQ(refusal("bob", encode_card(alice_.service(), card(bob_))), JF_UNAUTHENTICATED);
}

TEST_F(DeviceCards, ExpireWithTheClockTolerance)
{
    const Bytes value = encode_card(bob_.service(), card(bob_));
    host_.advance(std::chrono::minutes(10) + kClockTolerance);
    EXPECT_EQ(refusal("bob", value), JF_OK);
    host_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(refusal("bob", value), JF_REFUSED);
}

TEST_F(DeviceCards, ThatWouldLastForeverAreRefused)
{
    DeviceCard lasting = card(bob_);
    lasting.expiry_ms = INT64_MAX;
    EXPECT_EQ(refusal("bob", encode_card(bob_.service(), lasting)), JF_REFUSED);
}

TEST_F(DeviceCards, ThatWereCutOrChangedAreRefused)
{
    const Bytes value = encode_card(bob_.service(), card(bob_));
    for (std::size_t i = 0; i < value.size(); ++i) {
        Bytes changed = value;
        changed[i] ^= 0x80;
        EXPECT_NE(refusal("bob", changed), JF_OK) << "byte " << i;
        EXPECT_NE(refusal("bob", ByteView(value).first(i)), JF_OK) << "cut to " << i;
    }
    Bytes longer = value;
    longer.push_back(0);
    EXPECT_EQ(refusal("bob", longer), JF_BAD_INPUT);
}

} // namespace
} // namespace jackfield
