// STUN messages (RFC 8489): read strictly, written, with the attributes that behaviour discovery (RFC 5780) needs.
// Nothing here speaks to a network, and no message is trusted: what is not exactly as the RFC says is none.
//
// Threads: any. Lifetime: values.
#pragma once

#include <shared/ice/peer_address.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shared_stun {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::ice::Endpoint;

inline constexpr std::size_t kHeaderBytes = 20;
inline constexpr std::size_t kMaxMessageBytes = 1500;
inline constexpr std::size_t kMaxAttributes = 64;
inline constexpr std::uint16_t kBinding = 0x001;

enum class Class : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

/// RFC 8489 section 18.3 and RFC 5780 section 7.
enum class Type : std::uint16_t {
    mapped_address = 0x0001,
    change_request = 0x0003,
    error_code = 0x0009,
    xor_mapped_address = 0x0020,
    response_origin = 0x802B,
    other_address = 0x802C,
    software = 0x8022,
    fingerprint = 0x8028,
};

using TransactionId = std::array<std::uint8_t, 12>;

struct Attribute {
    std::uint16_t type = 0;
    Bytes value; ///< without padding

    friend bool operator==(const Attribute&, const Attribute&) = default;
};

struct ErrorCode {
    int code = 0;       ///< 300 to 699
    std::string reason; ///< UTF-8, not checked
};

struct Message {
    Class kind = Class::request;
    std::uint16_t method = kBinding;
    TransactionId id{};
    std::vector<Attribute> attributes; ///< in their order, FINGERPRINT not among them

    /// The first of that type; null if there is none (RFC 8489 section 14: later ones are ignored).
    const Attribute* find(Type type) const;

    void add(Type type, ByteView value)
    {
        attributes.push_back({static_cast<std::uint16_t>(type), {value.begin(), value.end()}});
    }

    friend bool operator==(const Message&, const Message&) = default;
};

/// Nothing unless it is one whole message: zero bits, magic cookie, lengths and, if it is there, FINGERPRINT right and
/// last. At most kMaxMessageBytes and kMaxAttributes.
std::optional<Message> read_message(ByteView packet);

/// With FINGERPRINT at its end if that is wanted. The message must fit kMaxMessageBytes.
Bytes write_message(const Message& message, bool fingerprint);

/// MAPPED-ADDRESS, OTHER-ADDRESS, RESPONSE-ORIGIN; and XOR-MAPPED-ADDRESS with the id of its message. Nothing if it is
/// not there or malformed.
std::optional<Endpoint> read_address(const Message& message, Type type);
void add_address(Message& message, Type type, const Endpoint& endpoint);

/// Where a server says that our packet came from: XOR-MAPPED-ADDRESS, or MAPPED-ADDRESS of an old server.
std::optional<Endpoint> mapped_address(const Message& message);

std::optional<ErrorCode> read_error(const Message& message);

/// Asks a server to answer from its other address, its other port, or both (RFC 5780 section 7.2).
void add_change_request(Message& message, bool address, bool port);

} // namespace shared_stun
