// The datagrams of a handshake: messages in pieces, and the request for more of them.
//
//   type, flags, initiator's id (8 bytes), responder's id (8), message size (2), offset (2), then the piece
// Ids are random, so that neither end looks at what somebody sends who sees nothing of the path. The responder's is
// zero in a hello. Numbers stand with their high byte first.
//
// Threads: none of its own. Lifetime: pieces are borrowed.
#pragma once

#include "proof.hpp"

namespace secure_noise {

enum class DatagramType : std::uint8_t {
    hello = 0x01,  ///< the first message, whole, filled up with zeros
    answer = 0x02, ///< a piece of the second
    proof = 0x03,  ///< a piece of the third
    go_on = 0x04,  ///< from the initiator: the answer from this offset on, please
};

/// In an answer: nothing more comes until it is asked for.
inline constexpr std::uint8_t kStopsHere = 1;

using Id = std::array<std::uint8_t, 8>;

inline constexpr std::size_t kPieceHead = 2 + 8 + 8 + 2 + 2;
inline constexpr std::size_t kSmallestHello = 512;

struct Piece {
    DatagramType type = DatagramType::hello;
    std::uint8_t flags = 0;
    Id initiator{};
    Id responder{};
    std::uint16_t message_size = 0;
    std::uint16_t offset = 0;
    jackfield::ByteView bytes{};
};

/// Nothing if it is no datagram of a handshake, or does not fit together.
std::optional<Piece> read_piece(jackfield::ByteView datagram);

jackfield::Bytes write_piece(const Piece& piece);

/// A message as it comes together. Holds kLargestHandshakeMessage at most.
class Assembly {
public:
    /// True if the message is whole now. A piece of a message of another size begins anew.
    bool add(const Piece& piece);

    bool begun() const { return have_ > 0; }
    std::size_t first_missing() const;
    const jackfield::Bytes& message() const { return message_; }
    void clear();

private:
    jackfield::Bytes message_;
    std::vector<bool> filled_;
    std::size_t have_ = 0;
};

} // namespace secure_noise
