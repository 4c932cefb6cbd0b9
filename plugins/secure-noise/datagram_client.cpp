// Flight by flight. See datagram_client.hpp.
//
// Threads: the session calls it under its lock.
#include "datagram_client.hpp"

namespace secure_noise {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::HandshakeProgress;

namespace {

constexpr std::uint32_t kLongestRetransmitMs = 1600; // longer only wastes the time the handshake has

} // namespace

DatagramClient::DatagramClient(jackfield::Host host, const Context& context, Role role, jackfield::EngineOutput& output)
    : DatagramEngine(context, std::move(role), output), host_(host), handshake_(new_handshake())
{
    host_.random(id_);
}

HandshakeProgress DatagramClient::handshake() noexcept
{
    const ByteView datagram = std::exchange(input_, {});
    if (hello_.empty()) {
        say_hello();
        wait_anew(role_.retransmit_ms);
        return HandshakeProgress::more;
    }
    if (!third_.empty())
        return await_confirmation(datagram);
    const auto piece = read_piece(datagram);
    if (!piece || piece->type != DatagramType::answer || piece->initiator != id_)
        return HandshakeProgress::more;
    return take_answer(*piece);
}

/// As large as a datagram may be: the responder answers with three times as much at most before it knows that we are
/// there.
void DatagramClient::say_hello()
{
    const Bytes padding(role_.mtu_bytes - kPieceHead - kKeyBytes);
    const Bytes message = *handshake_.write(padding); // nothing of the peer is in it yet, so it cannot fail
    hello_ = write_piece(
        {DatagramType::hello, 0, id_, {}, static_cast<std::uint16_t>(message.size()), 0, ByteView(message)});
    output_.output(hello_);
}

HandshakeProgress DatagramClient::take_answer(const Piece& piece)
{
    if (piece.responder != responder_) {
        responder_ = piece.responder;
        answer_.clear();
    }
    if (answer_.add(piece))
        return prove();
    if ((piece.flags & kStopsHere) != 0)
        ask_to_go_on();
    return HandshakeProgress::more;
}

void DatagramClient::ask_to_go_on()
{
    const auto size = static_cast<std::uint16_t>(answer_.message().size());
    output_.output(write_piece(
        {DatagramType::go_on, 0, id_, responder_, size, static_cast<std::uint16_t>(answer_.first_missing()), {}}));
}

/// The answer is whole.
HandshakeProgress DatagramClient::prove()
{
    const auto payload = handshake_.read(answer_.message());
    answer_.clear();
    if (!payload) // a piece was forged or damaged, so nothing has come
        return HandshakeProgress::more;
    const Verdict verdict = judge(*payload, handshake_);
    const auto message = verdict.good    ? write_proof_message(handshake_)
                         : verdict.alert ? handshake_.write(write_alert(*verdict.alert))
                                         : std::nullopt;
    if (message) {
        third_ = *message;
        send_third();
    }
    if (!verdict.good || !message)
        return HandshakeProgress::failed;
    const Keys keys = handshake_.split();
    handshake_.forget();
    keep(keys);
    records_.emplace(keys);
    wait_anew(role_.retransmit_ms);
    return HandshakeProgress::more;
}

void DatagramClient::send_third()
{
    const std::size_t most = role_.mtu_bytes - kPieceHead;
    for (std::size_t at = 0; at < third_.size(); at += most) {
        const ByteView bytes = ByteView(third_).subspan(at, std::min(most, third_.size() - at));
        output_.output(write_piece({DatagramType::proof, 0, id_, responder_, static_cast<std::uint16_t>(third_.size()),
                                    static_cast<std::uint16_t>(at), bytes}));
    }
}

/// Whatever the responder sealed with our keys says that it has the third message. Data is read afterwards.
HandshakeProgress DatagramClient::await_confirmation(ByteView datagram)
{
    const Opened opened = records_->look_at(datagram);
    if (opened.what != Opened::What::record)
        return HandshakeProgress::more;
    if (opened.kind == RecordKind::alert) {
        refused_by_peer(opened.content);
        return HandshakeProgress::failed;
    }
    input_ = datagram;
    return HandshakeProgress::done;
}

// ---- the timer of the handshake ----

void DatagramClient::wait_anew(std::uint32_t delay_ms)
{
    delay_ms_ = delay_ms;
    wait_ends_ns_ = host_.now_ns() + std::int64_t{delay_ms} * 1'000'000;
}

std::optional<jackfield::Nanoseconds> DatagramClient::retransmit_in()
{
    return jackfield::Nanoseconds(std::max<std::int64_t>(wait_ends_ns_ - host_.now_ns(), 0));
}

HandshakeProgress DatagramClient::retransmit() noexcept
{
    if (!third_.empty())
        send_third();
    else if (answer_.begun())
        ask_to_go_on();
    else
        output_.output(hello_);
    wait_anew(std::max(role_.retransmit_ms, std::min(delay_ms_ * 2, kLongestRetransmitMs)));
    return HandshakeProgress::more;
}

} // namespace secure_noise
