// How the native wire hides a CallMessage on its way to one device: signed by the sender's device, sealed for the
// recipient's device, fresh for a minute, delivered once.
//
//   on the board   'J' 'M' version  sealed( body  signature )
//   body           version kind call_id purpose blob sent_ms expiry_ms nonce sender_chain recipient_device_id
//
// The signature covers a label and the whole body, so what a recipient opens cannot be sealed again for another device.
// Threads: functions without state; the ReplayMemory belongs to the caller. All throw Failure.
#pragma once

#include <jackfield/compact_binary.hpp>
#include <jackfield/discovery.hpp>
#include <jackfield/replay_memory.hpp>

#include <chrono>

namespace jackfield {

inline constexpr std::size_t kLargestSealedMessage_bytes = 60'000; ///< as it lies on the board
inline constexpr std::size_t kLargestChain_bytes = 16'384;
inline constexpr std::size_t kLargestPurpose_bytes = 64;
inline constexpr std::size_t kLargestId_bytes = 256;
inline constexpr std::size_t kLargestSignature_bytes = 1024;

inline constexpr std::chrono::milliseconds kMessageLifetime = std::chrono::minutes(1);
inline constexpr std::chrono::milliseconds kLongestMessageLifetime = std::chrono::minutes(2); ///< what we accept
inline constexpr std::chrono::milliseconds kClockTolerance = std::chrono::minutes(2); ///< between two devices' clocks

struct OpenedMessage {
    Device sender; ///< verified, with its chain
    CallMessage message;
};

namespace detail {

inline constexpr std::uint8_t kMessageVersion = 1;
inline constexpr std::array<std::uint8_t, 3> kMessageHead{'J', 'M', kMessageVersion};
inline constexpr std::string_view kMessageLabel = "jackfield sealed message 1";

/// What is signed: a label that no other signature of an identity begins with, then the body.
inline Bytes labelled(std::string_view label, ByteView body)
{
    BinaryWriter out;
    out.text(label);
    out.raw(body);
    return out.take();
}

inline bool begins_with(ByteView bytes, ByteView head)
{
    return bytes.size() >= head.size() && std::equal(head.begin(), head.end(), bytes.begin());
}

/// The fields of a body, not yet believed.
struct MessageBody {
    CallMessage message;
    std::int64_t expiry_ms = 0;
    Nonce nonce{};
    std::string sender_chain;
    std::string recipient_device_id;

    Bytes encode() const
    {
        BinaryWriter out;
        out.u8(kMessageVersion);
        out.u8(static_cast<std::uint8_t>(message.kind));
        out.u64(message.call_id);
        out.text(message.purpose);
        out.text(message.blob);
        out.i64(message.sent_ms);
        out.i64(expiry_ms);
        out.raw(nonce);
        out.text(sender_chain);
        out.text(recipient_device_id);
        return out.take();
    }

    static MessageBody decode(BinaryReader& in)
    {
        MessageBody body;
        if (in.u8() != kMessageVersion)
            throw Failure(JF_UNSUPPORTED, "a call message of another version");
        body.message.kind = in.u8();
        body.message.call_id = in.u64();
        body.message.purpose = in.text(kLargestPurpose_bytes);
        body.message.blob = in.text(kLargestSealedMessage_bytes);
        body.message.sent_ms = in.i64();
        body.expiry_ms = in.i64();
        const ByteView nonce = in.raw(body.nonce.size());
        std::copy(nonce.begin(), nonce.end(), body.nonce.begin());
        body.sender_chain = in.text(kLargestChain_bytes);
        body.recipient_device_id = in.text(kLargestId_bytes);
        return body;
    }
};

inline void check_kind(std::uint32_t kind)
{
    if (kind < JF_CALL_REQUEST || kind > JF_CALL_REFUSAL)
        throw Failure(JF_BAD_INPUT, "a call message of the unknown kind " + std::to_string(kind));
}

/// Sent neither in the future nor longer ago than its sender wanted, as far as two clocks agree.
inline void check_fresh(std::int64_t sent_ms, std::int64_t expiry_ms, std::int64_t now_ms,
                        std::chrono::milliseconds longest)
{
    const std::int64_t tolerance_ms = kClockTolerance.count();
    // Each number is compared with now first, so that the difference at the end cannot overflow.
    if (sent_ms > now_ms + tolerance_ms)
        throw Failure(JF_REFUSED, "sent in the future; the sender's clock or ours is wrong");
    if (expiry_ms < now_ms - tolerance_ms)
        throw Failure(JF_REFUSED, "expired");
    if (sent_ms < now_ms - tolerance_ms - longest.count() || expiry_ms > now_ms + tolerance_ms + longest.count() ||
        expiry_ms <= sent_ms || expiry_ms - sent_ms > longest.count())
        throw Failure(JF_REFUSED, "claims to be fresh for too long, or for no time at all");
}

} // namespace detail

/// The bytes to put on a board for the recipient, whose chain must be known and verified. JF_BAD_INPUT if too large.
/// The time of sending is now, whatever message.sent_ms says.
inline Bytes seal_message(Host host, const IdentityService& identity, const Device& recipient,
                          const CallMessage& message)
{
    detail::check_kind(message.kind);
    if (message.purpose.size() > kLargestPurpose_bytes)
        throw Failure(JF_BAD_INPUT, "the purpose of a call message has at most 64 bytes");

    detail::MessageBody body{message, 0, {}, identity.self_device().chain_pem, recipient.device_id};
    body.message.sent_ms = host.wall_ms();
    body.expiry_ms = body.message.sent_ms + kMessageLifetime.count();
    host.random(body.nonce);

    const Bytes encoded = body.encode();
    BinaryWriter plain;
    plain.raw(encoded);
    plain.block(identity.sign(JF_KEY_DEVICE, detail::labelled(detail::kMessageLabel, encoded)));

    BinaryWriter out;
    out.raw(detail::kMessageHead);
    out.raw(identity.seal(recipient.chain_pem, plain.bytes()));
    if (out.bytes().size() > kLargestSealedMessage_bytes)
        throw Failure(JF_BAD_INPUT, "the call message has " + std::to_string(out.bytes().size()) +
                                        " bytes once sealed; at most 60000 can be sent");
    return out.take();
}

/// A message that was sealed for us, but nobody has looked yet at who signed it: its sender is only claimed.
struct UnprovenMessage {
    detail::MessageBody body;
    Bytes plain; ///< the body as it was signed, then the signature
    std::size_t signed_bytes = 0;

    const std::string& claimed_chain() const { return body.sender_chain; }
};

/// The first and cheap half of undoing seal_message for our device: all that can be said without knowing the sender.
inline UnprovenMessage decrypt_message(Host host, const IdentityService& identity, ByteView value)
{
    if (value.size() > kLargestSealedMessage_bytes)
        throw Failure(JF_BAD_INPUT, "a sealed message of more than 60000 bytes");
    if (!detail::begins_with(value, detail::kMessageHead))
        throw Failure(JF_BAD_INPUT, "not a sealed call message");

    UnprovenMessage message;
    message.plain = identity.open(value.subspan(detail::kMessageHead.size()));
    BinaryReader in(message.plain);
    message.body = detail::MessageBody::decode(in);
    message.signed_bytes = message.plain.size() - in.rest().size();
    in.block(kLargestSignature_bytes);
    in.expect_end();

    detail::check_kind(message.body.message.kind);
    detail::check_fresh(message.body.message.sent_ms, message.body.expiry_ms, host.wall_ms(), kLongestMessageLifetime);
    if (message.body.recipient_device_id != identity.self_device().device_id)
        throw Failure(JF_UNAUTHENTICATED, "the message was written for another device");
    return message;
}

/// The second half, which costs six times as much: its sender is who it claims to be, and it is no replay. It has
/// waited since it was decrypted, so it must still be fresh.
inline OpenedMessage prove_message(Host host, const IdentityService& identity, ReplayMemory& replays,
                                   const UnprovenMessage& message)
{
    const detail::MessageBody& body = message.body;
    const std::int64_t now_ms = host.wall_ms();
    detail::check_fresh(body.message.sent_ms, body.expiry_ms, now_ms, kLongestMessageLifetime);
    const ByteView signed_part = ByteView(message.plain).first(message.signed_bytes);
    BinaryReader rest(ByteView(message.plain).subspan(message.signed_bytes));
    const ByteView signature = rest.block(kLargestSignature_bytes);

    const Device sender = identity.verify_chain(body.sender_chain, Device());
    identity.verify(body.sender_chain, JF_KEY_DEVICE, detail::labelled(detail::kMessageLabel, signed_part), signature);

    const Status fresh = replays.admit(sender.account_id, sender.device_id, body.nonce,
                                       body.expiry_ms + kClockTolerance.count(), now_ms);
    if (fresh != JF_OK)
        throw Failure(fresh, fresh == JF_REFUSED ? "a replay" : "too many fresh messages to remember one more");
    return {sender, body.message};
}

/// Both halves: undoes seal_message for our device; throws unless everything about it is in order.
inline OpenedMessage open_message(Host host, const IdentityService& identity, ReplayMemory& replays, ByteView value)
{
    return prove_message(host, identity, replays, decrypt_message(host, identity, value));
}

} // namespace jackfield
