// STUN messages. See message.hpp.

#include "message.hpp"

#include <jackfield/basic.hpp>

#include <sys/socket.h>

#include <algorithm>

namespace shared_stun {

namespace {

using jackfield::ice::IpAddress;

constexpr std::array<std::uint8_t, 4> kMagicCookie{0x21, 0x12, 0xA4, 0x42};
constexpr std::uint32_t kFingerprintXor = 0x5354554E;
constexpr std::size_t kFingerprintBytes = 8; // with its header
constexpr std::uint8_t kIpv4 = 1;
constexpr std::uint8_t kIpv6 = 2;

std::uint16_t word(ByteView bytes, std::size_t at)
{
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void put_word(Bytes& bytes, std::size_t value)
{
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
}

void put_header(Bytes& bytes, const Message& message, std::size_t length)
{
    // The two bits of the class stand between those of the method (RFC 8489 section 5).
    const unsigned method = message.method;
    const auto kind = static_cast<unsigned>(message.kind);
    put_word(bytes,
             (method & 0x00FU) | (method & 0x070U) << 1 | (method & 0xF80U) << 2 | (kind & 1U) << 4 | (kind & 2U) << 7);
    put_word(bytes, length);
    bytes.insert(bytes.end(), kMagicCookie.begin(), kMagicCookie.end());
    bytes.insert(bytes.end(), message.id.begin(), message.id.end());
}

/// CRC-32 of ISO 3309, as in Ethernet.
std::uint32_t crc32(ByteView bytes)
{
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const auto byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 1U) != 0 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
    }
    return ~crc;
}

/// RFC 8489 section 14.7: of all that stands before it, with a length that counts it.
std::uint32_t fingerprint_of(ByteView before)
{
    return crc32(before) ^ kFingerprintXor;
}

/// What XOR-MAPPED-ADDRESS is masked with: the cookie, then the transaction id.
std::array<std::uint8_t, 16> mask_of(const Message& message)
{
    std::array<std::uint8_t, 16> mask{};
    std::ranges::copy(kMagicCookie, mask.begin());
    std::ranges::copy(message.id, mask.begin() + kMagicCookie.size());
    return mask;
}

/// The port and the address of an address attribute, in place; the port with the first two bytes of the mask.
void apply_mask(std::span<std::uint8_t> value, const Message& message)
{
    const auto mask = mask_of(message);
    for (std::size_t at = 2; at < 4; ++at)
        value[at] ^= mask[at - 2];
    for (std::size_t at = 4; at < value.size(); ++at)
        value[at] ^= mask[at - 4];
}

} // namespace

const Attribute* Message::find(Type type) const
{
    const auto found = std::ranges::find(attributes, static_cast<std::uint16_t>(type), &Attribute::type);
    return found == attributes.end() ? nullptr : &*found;
}

std::optional<Message> read_message(ByteView packet)
{
    if (packet.size() < kHeaderBytes || packet.size() > kMaxMessageBytes || (packet[0] & 0xC0U) != 0 ||
        word(packet, 2) != packet.size() - kHeaderBytes || packet.size() % 4 != 0 ||
        !std::ranges::equal(packet.subspan(4, 4), kMagicCookie))
        return std::nullopt;
    Message message;
    const unsigned type = word(packet, 0);
    message.method = static_cast<std::uint16_t>((type & 0x000FU) | (type & 0x00E0U) >> 1 | (type & 0x3E00U) >> 2);
    message.kind = static_cast<Class>((type & 0x0010U) >> 4 | (type & 0x0100U) >> 7);
    std::ranges::copy(packet.subspan(8, 12), message.id.begin());
    for (std::size_t at = kHeaderBytes; at < packet.size();) {
        const std::size_t size = word(packet, at + 2); // sizes are multiples of four: a header fits
        const std::size_t padded = (size + 3) / 4 * 4;
        if (padded > packet.size() - at - 4 || message.attributes.size() == kMaxAttributes)
            return std::nullopt;
        const std::uint16_t name = word(packet, at);
        const ByteView value = packet.subspan(at + 4, size);
        if (name == static_cast<std::uint16_t>(Type::fingerprint)) {
            const std::uint32_t expected = fingerprint_of(packet.first(at));
            const bool right =
                size == 4 && (static_cast<std::uint32_t>(word(value, 0)) << 16 | word(value, 2)) == expected;
            if (!right || at + kFingerprintBytes != packet.size())
                return std::nullopt;
            return message;
        }
        message.attributes.push_back({name, {value.begin(), value.end()}});
        at += 4 + padded;
    }
    return message;
}

Bytes write_message(const Message& message, bool fingerprint)
{
    std::size_t length = fingerprint ? kFingerprintBytes : 0;
    for (const auto& attribute : message.attributes)
        length += 4 + (attribute.value.size() + 3) / 4 * 4;
    Bytes bytes;
    bytes.reserve(kHeaderBytes + length);
    put_header(bytes, message, length);
    for (const auto& attribute : message.attributes) {
        put_word(bytes, attribute.type);
        put_word(bytes, attribute.value.size());
        bytes.insert(bytes.end(), attribute.value.begin(), attribute.value.end());
        bytes.resize((bytes.size() + 3) / 4 * 4);
    }
    if (fingerprint) {
        const std::uint32_t sum = fingerprint_of(bytes);
        put_word(bytes, static_cast<std::uint16_t>(Type::fingerprint));
        put_word(bytes, 4);
        put_word(bytes, sum >> 16);
        put_word(bytes, sum & 0xFFFFU);
    }
    return bytes;
}

std::optional<Endpoint> read_address(const Message& message, Type type)
{
    const Attribute* const attribute = message.find(type);
    if (attribute == nullptr || attribute->value.size() < 8)
        return std::nullopt;
    Bytes value = attribute->value;
    const bool v6 = value[1] == kIpv6;
    if ((!v6 && value[1] != kIpv4) || value.size() != (v6 ? 20U : 8U))
        return std::nullopt;
    if (type == Type::xor_mapped_address)
        apply_mask(value, message);
    return Endpoint{IpAddress::from_bytes(ByteView(value).subspan(4)), word(value, 2)};
}

void add_address(Message& message, Type type, const Endpoint& endpoint)
{
    Bytes value{0, endpoint.address.is_v6() ? kIpv6 : kIpv4};
    put_word(value, endpoint.port);
    value.insert(value.end(), endpoint.address.bytes(), endpoint.address.bytes() + (endpoint.address.is_v6() ? 16 : 4));
    if (type == Type::xor_mapped_address)
        apply_mask(value, message);
    message.add(type, value);
}

std::optional<Endpoint> mapped_address(const Message& message)
{
    const auto masked = read_address(message, Type::xor_mapped_address);
    return masked ? masked : read_address(message, Type::mapped_address);
}

std::optional<ErrorCode> read_error(const Message& message)
{
    const Attribute* const attribute = message.find(Type::error_code);
    if (attribute == nullptr || attribute->value.size() < 4)
        return std::nullopt;
    const int hundreds = attribute->value[2] & 0x07;
    const int rest = attribute->value[3];
    if (hundreds < 3 || hundreds > 6 || rest > 99) // RFC 8489 section 14.8
        return std::nullopt;
    return ErrorCode{hundreds * 100 + rest, std::string(attribute->value.begin() + 4, attribute->value.end())};
}

void add_change_request(Message& message, bool address, bool port)
{
    const auto flags = static_cast<std::uint8_t>((address ? 0x04 : 0) | (port ? 0x02 : 0));
    message.add(Type::change_request, Bytes{0, 0, 0, flags});
}

} // namespace shared_stun
