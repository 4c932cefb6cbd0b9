// The messages between a rendezvous server and its clients: JSON texts over a WebSocket (RFC 6455). The README of
// tools/rendezvous describes them, messages.schema.json beside it says the same to programs.
//
// Threads:  any; values.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace jackfield::rendezvous {

inline constexpr std::string_view kBoardPath = "/v1/board";
inline constexpr std::uint16_t kDefaultPort = 4380;

inline constexpr std::size_t kLargestKey_bytes = 200;
inline constexpr std::size_t kLargestSlot_bytes = 64;
inline constexpr std::size_t kLargestValue_bytes = 64 * 1024;
inline constexpr std::size_t kLargestMessage_bytes = 96 * 1024; ///< the largest value in base64, and room for the rest

/// Status of a reply; the numbers of HTTP (RFC 9110 section 15, RFC 6585, RFC 4918).
enum class Code : int {
    ok = 200,
    bad_request = 400,
    too_large = 413,
    too_many_requests = 429,
    unavailable = 503, ///< the state cannot be reached; nothing was accepted
    full = 507,        ///< a bound of what the server keeps is reached
};

enum class Op { put, get, listen, unlisten };

/// What a client asks for.
struct Request {
    Op op = Op::get;
    std::uint64_t id = 0; ///< the client's; the reply has the same
    std::string key;
    Bytes value = {};        ///< put
    std::uint32_t ttl_s = 0; ///< put: how long the value lies there
    std::string slot = {};   ///< put: a secret of the writer; a later value of the same slot takes this one's place
};

/// How a request ended.
struct Reply {
    std::uint64_t id = 0;
    Code code = Code::ok;
    std::string text = {};      ///< for people
    std::uint32_t retry_ms = 0; ///< 429, 503: ask again after that
};

/// A value of a key: for the get of that id, or, without id, for the listener of the key.
struct Value {
    std::optional<std::uint64_t> id = {};
    std::string key = {};
    Bytes value = {};
};

using ServerMessage = std::variant<Reply, Value>;

/// What cannot be read as a message; the text has place, problem and what would work. The id is 0 if there was none.
struct Malformed {
    std::uint64_t id = 0;
    std::string text;
};

std::string write(const Request& request);
std::string write(const Reply& reply);
std::string write(const Value& value);

std::variant<Request, Malformed> read_request(std::string_view message);
std::variant<Reply, Value, Malformed> read_server_message(std::string_view message);

/// 1 to 200 visible ASCII characters.
bool is_key(std::string_view text);
/// At most 64 of them.
bool is_slot(std::string_view text);

} // namespace jackfield::rendezvous
