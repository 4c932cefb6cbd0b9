// Asks a relay for an allocation. See turn_allocation.hpp.
#include "turn_allocation.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace jackfield::ice {

namespace {

using shared_stun::Class;
using shared_stun::Message;

constexpr std::uint16_t kAllocate = 0x003; // RFC 8656 section 17
constexpr std::uint16_t kRefresh = 0x004;
constexpr std::uint16_t kUsername = 0x0006;
constexpr std::uint16_t kMessageIntegrity = 0x0008;
constexpr std::uint16_t kLifetime = 0x000D;
constexpr std::uint16_t kRealm = 0x0014;
constexpr std::uint16_t kNonce = 0x0015;
constexpr std::uint16_t kXorRelayedAddress = 0x0016;
constexpr std::uint16_t kRequestedTransport = 0x0019;
constexpr std::uint8_t kUdp = 17;
constexpr int kUnauthorized = 401;
constexpr int kStaleNonce = 438;
constexpr std::size_t kMacBytes = 20;

void add(Message& message, std::uint16_t type, ByteView value)
{
    message.attributes.push_back({type, {value.begin(), value.end()}});
}

const Bytes* find(const Message& message, std::uint16_t type)
{
    for (const auto& attribute : message.attributes) {
        if (attribute.type == type)
            return &attribute.value;
    }
    return nullptr;
}

/// RFC 8489 section 9.2.2: MD5 of user:realm:password. What a relay wants, not what we would choose.
std::array<std::uint8_t, 16> long_term_key(const std::string& user, const std::string& realm,
                                           const std::string& password)
{
    std::array<std::uint8_t, 16> key{};
    const std::string text = user + ':' + realm + ':' + password;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), key.data(), &size, EVP_md5(), nullptr) != 1)
        throw Failure(JF_UNSUPPORTED, "this system's OpenSSL has no MD5, which TURN needs");
    return key;
}

} // namespace

TurnAllocation::TurnAllocation(std::string username, std::string password, Random random)
    : username_(std::move(username)), password_(std::move(password)), random_(std::move(random))
{
    ask();
}

void TurnAllocation::ask()
{
    Message message;
    message.method = kAllocate;
    random_(id_);
    message.id = id_;
    add(message, kRequestedTransport, Bytes{kUdp, 0, 0, 0});
    request_ = realm_.empty() ? write_message(message, false) : signed_message(message);
}

/// RFC 8489 section 14.5: over all that stands before it, with a length that counts it.
Bytes TurnAllocation::signed_message(Message message) const
{
    add(message, kUsername, as_bytes(username_));
    add(message, kRealm, as_bytes(realm_));
    add(message, kNonce, nonce_);
    Bytes bytes = write_message(message, false);
    const std::size_t length = bytes.size() - shared_stun::kHeaderBytes + 4 + kMacBytes;
    bytes[2] = static_cast<std::uint8_t>(length >> 8);
    bytes[3] = static_cast<std::uint8_t>(length);
    const auto key = long_term_key(username_, realm_, password_);
    std::array<std::uint8_t, kMacBytes> mac{};
    unsigned size = 0;
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), mac.data(), &size);
    bytes.insert(bytes.end(), {kMessageIntegrity >> 8, kMessageIntegrity & 0xFF, 0, kMacBytes});
    bytes.insert(bytes.end(), mac.begin(), mac.end());
    return bytes;
}

bool TurnAllocation::receive(ByteView packet)
{
    const auto message = shared_stun::read_message(packet);
    if (answer_ || !message || message->method != kAllocate || message->id != id_)
        return false;
    if (message->kind == Class::error) {
        refused(*message);
        return true;
    }
    if (message->kind != Class::success)
        return false;
    answer_ = AllocationAnswer{true, {}, !realm_.empty(), std::nullopt};
    if (const Bytes* const relayed = find(*message, kXorRelayedAddress)) {
        Message as_mapped; // the same form under another name
        as_mapped.id = message->id;
        as_mapped.add(shared_stun::Type::xor_mapped_address, *relayed);
        answer_->relayed = shared_stun::mapped_address(as_mapped);
    }
    return true;
}

void TurnAllocation::refused(const Message& message)
{
    const auto error = shared_stun::read_error(message).value_or(shared_stun::ErrorCode{500, "no reason given"});
    const Bytes* const realm = find(message, kRealm);
    const Bytes* const nonce = find(message, kNonce);
    const bool first = error.code == kUnauthorized && realm_.empty();
    const bool again = error.code == kStaleNonce && !realm_.empty() && ++stale_ < 3;
    if ((first || again) && nonce != nullptr && (realm != nullptr || !realm_.empty())) {
        nonce_ = *nonce;
        if (realm != nullptr)
            realm_ = as_text(*realm);
        return ask();
    }
    answer_ = AllocationAnswer{false, error, !realm_.empty(), std::nullopt};
}

Bytes TurnAllocation::farewell()
{
    Message message;
    message.method = kRefresh;
    random_(message.id);
    add(message, kLifetime, Bytes{0, 0, 0, 0});
    return realm_.empty() ? write_message(message, false) : signed_message(message);
}

} // namespace jackfield::ice
