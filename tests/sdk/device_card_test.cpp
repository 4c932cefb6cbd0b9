// Which announcements of a device are believed: the fresh ones that it signed, and that its account has not revoked.
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

TEST_F(DeviceCards, BringTheListOfRevokedDevicesToWhoeverReadsThem)
{
    DeviceCard sent = card(bob_);
    FakeIdentity phone(host_.host(), "bob", "bob-watch");
    const Bytes before = encode_card(phone.service(), card(phone));
    EXPECT_EQ(refusal("bob", before), JF_OK);
    bob_.revoke_device("bob-watch");
    sent.revocations = bob_.service().revocations();
    const DeviceCard got = decode_card(host_.host(), alice_.service(), "bob", encode_card(bob_.service(), sent));
    EXPECT_EQ(got.revocations, sent.revocations);
    EXPECT_EQ(alice_.service().revocations("bob"), sent.revocations);
    EXPECT_EQ(refusal("bob", before), JF_UNAUTHENTICATED) << "from now on";
}

TEST_F(DeviceCards, WithAListThatRevokesTheirOwnDeviceAreRefused)
{
    bob_.revoke_device("bob-phone");
    DeviceCard sent = card(bob_);
    sent.revocations = bob_.service().revocations();
    EXPECT_EQ(refusal("bob", encode_card(bob_.service(), sent)), JF_UNAUTHENTICATED);
    EXPECT_FALSE(alice_.service().revocations("bob").empty()) << "its list is true all the same";
}

TEST_F(DeviceCards, WithAListOfAnotherAccountAreRefused)
{
    FakeIdentity eve(host_.host(), "eve", "eve-box");
    eve.revoke_device("bob-phone");
    DeviceCard sent = card(bob_);
    sent.revocations = eve.service().revocations();
    EXPECT_EQ(refusal("bob", encode_card(bob_.service(), sent)), JF_UNAUTHENTICATED);
    EXPECT_TRUE(alice_.service().revocations("eve").empty());
    EXPECT_EQ(refusal("bob", encode_card(eve.service(), card(eve))), JF_UNAUTHENTICATED);
}

TEST_F(DeviceCards, AreSignedByTheirDeviceAndNoOther)
{
    FakeIdentity watch(host_.host(), "bob", "bob-watch");
    DeviceCard of_the_phone = card(bob_); // another device of the account cannot speak for it
    EXPECT_EQ(refusal("bob", encode_card(watch.service(), of_the_phone)), JF_UNAUTHENTICATED);
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
