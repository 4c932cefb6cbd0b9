// One value over one TCP connection, then its end.
//
//   request  type (1: get, 2: put) key length (1) key value length (4) value        all numbers big-endian
//   answer   to get: value length (4) value, length 0 if there is none              to put: 1 taken, 0 nobody listens
//
// Threads:  the thread of the io_context.
// Lifetime: kept alive by its own pending operations, which end within kLimit.
#pragma once

#include "wire.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace discovery_lan {

inline constexpr std::chrono::seconds kExchangeLimit{5}; ///< from the first byte to the last, whoever is slow

enum class Wish : std::uint8_t { get = 1, put = 2 };

struct Request {
    Wish wish = Wish::get;
    std::string key;
    jackfield::Bytes value = {};
};

/// The bytes of an answer.
using Answer = std::function<jackfield::Bytes(Request request)>;

jackfield::Bytes packed_value(jackfield::ByteView value);

/// Reads a request from a stranger and answers it. `over` is called when the connection has ended.
void serve(asio::ip::tcp::socket socket, Answer answer, std::function<void()> over);

/// What the other has; nothing if it cannot be reached or breaks the rules, an empty one if it has none.
using Got = std::function<void(std::optional<jackfield::Bytes> value)>;
void fetch(asio::io_context& context, const asio::ip::tcp::endpoint& from, const std::string& key, Got got);

/// Whether the other took it.
void deliver(asio::io_context& context, const asio::ip::tcp::endpoint& to, const std::string& key,
             const jackfield::Bytes& value, std::function<void(bool taken)> taken);

} // namespace discovery_lan
