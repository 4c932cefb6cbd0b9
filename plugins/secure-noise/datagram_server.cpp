// Hellos answered, a proof awaited. See datagram_server.hpp.
//
// Threads: the session calls it under its lock.
#include "datagram_server.hpp"

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::HandshakeProgress;

DatagramServer::DatagramServer(jackfield::Host host, const Context& context, Role role, jackfield::EngineOutput& output)
    : DatagramEngine(context, std::move(role), output), host_(host)
{}

HandshakeProgress DatagramServer::handshake() noexcept
{
    const ByteView datagram = std::exchange(input_, {});
    const auto piece = read_piece(datagram);
    if (!piece)
        return HandshakeProgress::more;
    if (piece->type == DatagramType::hello)
        return take_hello(*piece, datagram.size());
    Attempt* attempt = attempt_of(*piece);
    if (attempt == nullptr)
        return HandshakeProgress::more;
    attempt->reached = true;
    if (piece->type == DatagramType::proof)
        return take_proof(*attempt, *piece);
    if (piece->type == DatagramType::go_on)
        send_answer(*attempt, piece->offset);
    return HandshakeProgress::more;
}

HandshakeProgress DatagramServer::take_hello(const Piece& piece, std::size_t datagram_bytes)
{
    const auto same = std::find_if(attempts_.begin(), attempts_.end(), [&](const Attempt& each) {
        return each.initiator == piece.initiator &&
               std::equal(each.hello.begin(), each.hello.end(), piece.bytes.begin(), piece.bytes.end());
    });
    if (same == attempts_.end() && ++hellos_ > kMostHellos)
        return HandshakeProgress::more;
    Attempt* attempt = same != attempts_.end() ? &*same : begin_attempt(piece, datagram_bytes);
    if (attempt == nullptr)
        return failure().status == JF_OK ? HandshakeProgress::more : HandshakeProgress::failed;
    attempt->allowance = kAmplification * datagram_bytes;
    send_answer(*attempt, 0);
    return HandshakeProgress::more;
}

/// Null if the hello is of no use, or (then failure() says so) our own proof cannot be made.
DatagramServer::Attempt* DatagramServer::begin_attempt(const Piece& piece, std::size_t datagram_bytes)
{
    Handshake handshake = new_handshake();
    if (!handshake.read(piece.bytes))
        return nullptr;
    const auto proof = write_proof_message(handshake);
    if (!proof)
        return nullptr;
    if (attempts_.size() == kMostAttempts)
        attempts_.pop_front();
    attempts_.push_back({handshake,
                         piece.initiator,
                         {},
                         Bytes(piece.bytes.begin(), piece.bytes.end()),
                         *proof,
                         std::min<std::size_t>(role_.mtu_bytes, datagram_bytes) - kPieceHead});
    host_.random(attempts_.back().responder);
    return &attempts_.back();
}

/// As far as it may.
void DatagramServer::send_answer(Attempt& attempt, std::size_t from)
{
    const auto datagram_bytes = [&](std::size_t at) {
        return kPieceHead + std::min(attempt.piece_bytes, attempt.answer.size() - at);
    };
    const auto may_send = [&](std::size_t at) { return attempt.reached || datagram_bytes(at) <= attempt.allowance; };
    for (std::size_t at = from; at < attempt.answer.size() && may_send(at);) {
        const std::size_t size = datagram_bytes(at) - kPieceHead;
        attempt.allowance -= std::min(attempt.allowance, kPieceHead + size);
        const std::size_t next = at + size;
        const bool stops = next < attempt.answer.size() && !may_send(next);
        output_.output(write_piece({DatagramType::answer, stops ? kStopsHere : std::uint8_t{0}, attempt.initiator,
                                    attempt.responder, static_cast<std::uint16_t>(attempt.answer.size()),
                                    static_cast<std::uint16_t>(at), ByteView(attempt.answer).subspan(at, size)}));
        at = next;
    }
}

DatagramServer::Attempt* DatagramServer::attempt_of(const Piece& piece)
{
    const auto found = std::find_if(attempts_.begin(), attempts_.end(), [&](const Attempt& each) {
        return each.initiator == piece.initiator && each.responder == piece.responder;
    });
    return found == attempts_.end() ? nullptr : &*found;
}

HandshakeProgress DatagramServer::take_proof(Attempt& attempt, const Piece& piece)
{
    if (!attempt.proof.add(piece))
        return HandshakeProgress::more;
    const auto payload = attempt.handshake.read(attempt.proof.message());
    attempt.proof.clear();
    if (!payload) // a piece was forged or damaged, so nothing has come
        return HandshakeProgress::more;
    return finish(attempt, *payload);
}

/// The third message is authentic.
HandshakeProgress DatagramServer::finish(Attempt& attempt, ByteView payload)
{
    const Keys keys = attempt.handshake.split();
    records_.emplace(keys);
    const Verdict verdict = judge(payload, attempt.handshake);
    if (!verdict.good) {
        if (verdict.alert)
            send_record(RecordKind::alert, ByteView(&*verdict.alert, 1));
        return HandshakeProgress::failed;
    }
    keep(keys);
    secured_with_ = attempt.responder;
    attempts_.clear();
    send_record(RecordKind::confirm);
    return HandshakeProgress::done;
}

/// The initiator proves itself again, so it has not heard us.
void DatagramServer::take_late(const Piece& piece)
{
    if (piece.type == DatagramType::proof && piece.responder == secured_with_ && piece.offset == 0)
        send_record(RecordKind::confirm);
}

} // namespace secure_noise
