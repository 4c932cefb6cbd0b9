// Frames of yamux, version 0: twelve bytes, and for data what follows them.
//
// Threads: one at a time.
#pragma once

#include <jackfield/basic.hpp>

#include <array>
#include <optional>

namespace mux_yamux {

using jackfield::ByteView;

enum class Type : std::uint8_t { data = 0, window_update = 1, ping = 2, go_away = 3 };

namespace flag {
constexpr std::uint16_t kSyn = 1;
constexpr std::uint16_t kAck = 2;
constexpr std::uint16_t kFin = 4;
constexpr std::uint16_t kRst = 8;
} // namespace flag

struct Header {
    Type type = Type::data;
    std::uint16_t flags = 0;
    std::uint32_t stream = 0;
    std::uint32_t length = 0; // of the data; or the credit, the ping's number, the reason
};

constexpr std::size_t kHeaderBytes = 12;

std::array<std::uint8_t, kHeaderBytes> write(const Header& header);

/// One frame, or one piece of the data of a frame.
struct Piece {
    Header header;
    ByteView data;
    bool begins = true; // false: more data of the frame before
};

/// Cuts a stream into pieces, however it comes.
class FrameReader {
public:
    /// The next piece, and input moves on behind it. None: input is used up. Throws Failure JF_BAD_INPUT.
    std::optional<Piece> next(ByteView& input);

private:
    std::array<std::uint8_t, kHeaderBytes> head_{};
    std::size_t have_ = 0; // of the head
    Header header_;
    std::size_t left_ = 0; // of the data
};

} // namespace mux_yamux
