// The announcement of one device, put where its account can be looked up. It says nothing about people: an id, a chain
// and two times, signed by the device. Its chain ends at the account, so that only the account's owner can add devices.
//
//   'J' 'C' version  withdrawn issued_ms expiry_ms device_id chain revocations  signature
//
// A newer card of the same device replaces an older one; a withdrawn card says that the device went away. Every card
// has the account's newest list of revoked devices, which the account has signed: whoever looks the account up learns
// it. Threads: functions without state. All throw Failure.
#pragma once

#include <jackfield/sealed_messages.hpp>

namespace jackfield {

inline constexpr std::size_t kLargestCard_bytes = 20'000;
inline constexpr std::size_t kLargestRevocations_bytes = 8'192;
inline constexpr std::chrono::milliseconds kLongestCardLifetime = std::chrono::hours(24); ///< what we accept

struct DeviceCard {
    Device device;
    std::int64_t issued_ms = 0;
    std::int64_t expiry_ms = 0;
    bool withdrawn = false;
    Bytes revocations = {}; ///< in the identity's form; empty: nobody was revoked, as far as the device knows
};

namespace detail {

inline constexpr std::uint8_t kCardVersion = 2;
inline constexpr std::array<std::uint8_t, 3> kCardHead{'J', 'C', kCardVersion};
inline constexpr std::string_view kCardLabel = "jackfield device card 2";

} // namespace detail

/// Our own card, signed by our device.
inline Bytes encode_card(const IdentityService& identity, const DeviceCard& card)
{
    BinaryWriter out;
    out.raw(detail::kCardHead);
    out.u8(card.withdrawn ? 1 : 0);
    out.i64(card.issued_ms);
    out.i64(card.expiry_ms);
    out.text(card.device.device_id);
    out.text(card.device.chain_pem);
    out.block(card.revocations);
    out.block(identity.sign(JF_KEY_DEVICE, detail::labelled(detail::kCardLabel, out.bytes())));
    if (out.bytes().size() > kLargestCard_bytes)
        throw Failure(JF_BAD_INPUT, "the device's certificate chain and the list of revoked devices are too long to be "
                                    "announced");
    return out.take();
}

/// The card, if its device is one of that account, has signed it, and it is fresh; throws otherwise. The list of
/// revoked devices in it is given to the identity first.
inline DeviceCard decode_card(Host host, const IdentityService& identity, std::string_view account_id, ByteView value)
{
    if (value.size() > kLargestCard_bytes)
        throw Failure(JF_BAD_INPUT, "a device card of more than 20000 bytes");
    if (!detail::begins_with(value, detail::kCardHead))
        throw Failure(JF_BAD_INPUT, "not a device card");

    BinaryReader in(value.subspan(detail::kCardHead.size()));
    DeviceCard card;
    card.withdrawn = in.u8() != 0;
    card.issued_ms = in.i64();
    card.expiry_ms = in.i64();
    card.device.account_id = std::string(account_id);
    card.device.device_id = in.text(kLargestId_bytes);
    card.device.chain_pem = in.text(kLargestChain_bytes);
    const ByteView revocations = in.block(kLargestRevocations_bytes);
    card.revocations.assign(revocations.begin(), revocations.end());
    const ByteView signed_part = value.first(value.size() - in.rest().size());
    const ByteView signature = in.block(kLargestSignature_bytes);
    in.expect_end();

    detail::check_fresh(card.issued_ms, card.expiry_ms, host.wall_ms(), kLongestCardLifetime);
    const Device expected(card.device.account_id, card.device.device_id);
    identity.verify_chain(card.device.chain_pem, expected); // first: a list of another account is not wanted here
    if (!revocations.empty() && identity.take_revocations(card.device.chain_pem, revocations))
        identity.verify_chain(card.device.chain_pem, expected);
    identity.verify(card.device.chain_pem, JF_KEY_DEVICE, detail::labelled(detail::kCardLabel, signed_part), signature);
    return card;
}

} // namespace jackfield
