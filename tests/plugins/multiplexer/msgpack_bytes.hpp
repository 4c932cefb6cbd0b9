// Messages of Jami's multiplexed wire as bytes and back, for tests.
//
// Threads: any. Lifetime: values.
#pragma once

#include "message.hpp"

#include <vector>

namespace jackfield::mux_test {

using namespace mux_msgpack;
using Kind = Message::Kind;

inline Bytes bytes_of(const Message& message)
{
    Bytes bytes;
    mux_msgpack::write(message, bytes);
    return bytes;
}

/// Everything in it, cut into pieces of that size; the data copied.
inline std::vector<std::pair<Message, Bytes>> read_all(const Bytes& stream, std::size_t piece = 100'000)
{
    std::vector<std::pair<Message, Bytes>> all;
    MessageReader reader;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        reader.feed(ByteView(stream).subspan(at, std::min(piece, stream.size() - at)));
        while (const auto message = reader.next())
            all.emplace_back(*message, Bytes(message->data.begin(), message->data.end()));
    }
    return all;
}

/// One message with that payload, whatever it says.
inline Bytes carried(std::uint16_t channel, const Bytes& payload)
{
    return bytes_of({Kind::data, channel, payload});
}

// What was seen of a Jami daemon of 2023.
inline const Bytes kRequest{0x92, 0x00, 0xc4, 0x09, 0x93, 0xa3, 0x73, 0x69, 0x70, 0xcd, 0xd2, 0xdd, 0x00};
inline const Bytes kAccept{0x92, 0x00, 0xc4, 0x09, 0x93, 0xa3, 0x73, 0x69, 0x70, 0xcd, 0xd2, 0xdd, 0x01};
inline const Bytes kVersionOne{0x92, 0xcd, 0xff, 0xff, 0xc4, 0x04, 0x81, 0xa1, 0x76, 0x01};
inline const Bytes kBeacon{0x92, 0xcd, 0xff, 0xff, 0xc4, 0x04, 0x81, 0xa1, 0x70, 0xc3};
inline const Bytes kAnswer{0x92, 0xcd, 0xff, 0xff, 0xc4, 0x04, 0x81, 0xa1, 0x70, 0xc2};
inline const Bytes kEnd{0x92, 0xcd, 0xd8, 0xc8, 0xc4, 0x00};

} // namespace jackfield::mux_test
