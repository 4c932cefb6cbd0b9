// Pieces and what becomes of them. See datagrams.hpp. Read from a stranger: sizes are checked before anything is kept.
//
// Threads: none of its own.
#include "datagrams.hpp"

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;

namespace {

std::uint16_t number_at(ByteView bytes, std::size_t at)
{
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

void append_number(std::uint16_t number, Bytes& out)
{
    out.push_back(static_cast<std::uint8_t>(number >> 8U));
    out.push_back(static_cast<std::uint8_t>(number & 0xffU));
}

} // namespace

std::optional<Piece> read_piece(ByteView datagram)
{
    if (datagram.size() < kPieceHead || datagram[0] < static_cast<std::uint8_t>(DatagramType::hello) ||
        datagram[0] > static_cast<std::uint8_t>(DatagramType::go_on))
        return std::nullopt;
    Piece piece{static_cast<DatagramType>(datagram[0]), datagram[1]};
    std::copy_n(datagram.begin() + 2, piece.initiator.size(), piece.initiator.begin());
    std::copy_n(datagram.begin() + 10, piece.responder.size(), piece.responder.begin());
    piece.message_size = number_at(datagram, 18);
    piece.offset = number_at(datagram, 20);
    piece.bytes = datagram.subspan(kPieceHead);
    const bool asks = piece.type == DatagramType::go_on;
    if (piece.message_size > kLargestHandshakeMessage || piece.bytes.empty() != asks ||
        piece.offset + piece.bytes.size() > piece.message_size)
        return std::nullopt;
    if (piece.type == DatagramType::hello &&
        (datagram.size() < kSmallestHello || piece.bytes.size() != piece.message_size))
        return std::nullopt;
    return piece;
}

Bytes write_piece(const Piece& piece)
{
    Bytes out{static_cast<std::uint8_t>(piece.type), piece.flags};
    out.reserve(kPieceHead + piece.bytes.size());
    out.insert(out.end(), piece.initiator.begin(), piece.initiator.end());
    out.insert(out.end(), piece.responder.begin(), piece.responder.end());
    append_number(piece.message_size, out);
    append_number(piece.offset, out);
    out.insert(out.end(), piece.bytes.begin(), piece.bytes.end());
    return out;
}

bool Assembly::add(const Piece& piece)
{
    if (piece.message_size != message_.size()) {
        message_.assign(piece.message_size, 0);
        filled_.assign(piece.message_size, false);
        have_ = 0;
    }
    for (std::size_t i = 0; i < piece.bytes.size(); ++i) {
        const std::size_t at = piece.offset + i;
        message_[at] = piece.bytes[i];
        have_ += filled_[at] ? 0 : 1;
        filled_[at] = true;
    }
    return have_ == message_.size();
}

std::size_t Assembly::first_missing() const
{
    return static_cast<std::size_t>(std::find(filled_.begin(), filled_.end(), false) - filled_.begin());
}

void Assembly::clear()
{
    message_.clear();
    filled_.clear();
    have_ = 0;
}

} // namespace secure_noise
