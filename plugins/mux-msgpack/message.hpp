// What goes over the wire: msgpack arrays of two, a channel's number and bytes.
//
// Channel 0 carries requests and their answers, channel 0xFFFF version and signs of life, the others data; no bytes at
// all are the end of a channel.
// Threads: one at a time.
#pragma once

#include <jackfield/basic.hpp>

#include <deque>
#include <optional>

namespace mux_msgpack {

using jackfield::Bytes;
using jackfield::ByteView;

constexpr std::uint16_t kControl = 0;
constexpr std::uint16_t kProtocol = 0xffff;
constexpr int kVersion = 1; // the first that answers signs of life

constexpr std::size_t kMaxPayload = 0xffff; // of one message
constexpr std::size_t kMostHeadBytes = 7;   // in front of its payload
constexpr std::size_t kMaxNameBytes = 1024;

struct Message {
    enum class Kind {
        data,
        request, ///< a channel of that number and name, please
        accept,
        decline,
        version,
        beacon, ///< are you there?
        answer  ///< yes
    };
    Kind kind = Kind::data;
    std::uint16_t channel = 0;
    ByteView data{};    ///< until the next call of the reader
    std::string name{}; ///< of request, accept and decline
    std::int64_t version = 0;
};

/// Appends one message. `data`: of at most kMaxPayload bytes.
void write(const Message& message, Bytes& out);

/// Cuts a stream into messages, however it comes. The outer array is read here and not by msgpack-cxx, whose unpacker
/// keeps what was announced before it compares the size with its limits.
class MessageReader {
public:
    /// Borrowed until `next` answers none.
    void feed(ByteView bytes) { input_ = bytes; }

    /// None: all was used or copied, and less than one message waits. Throws Failure JF_BAD_INPUT.
    std::optional<Message> next();

private:
    bool take_head();
    std::optional<ByteView> take_payload();
    void take_control(std::uint16_t channel, ByteView payload);

    ByteView input_;
    Bytes head_;                      // of a message, as far as it has come
    std::uint16_t channel_ = 0;       // of the message whose payload comes
    std::optional<std::size_t> size_; // of that payload
    Bytes begun_;                     // that payload, if it comes in pieces
    std::deque<Message> control_;     // of one payload, not handed out yet
};

} // namespace mux_msgpack
