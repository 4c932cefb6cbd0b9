// Message by message, record by record. See stream_engine.hpp.
//
// Threads: the session calls it under its lock.
#include "stream_engine.hpp"

namespace secure_noise {

using jackfield::ByteView;
using jackfield::EngineRead;
using jackfield::HandshakeProgress;
using jackfield::Status;

StreamEngine::StreamEngine(const Context& context, Role role, jackfield::EngineOutput& output)
    : Engine(context, std::move(role), output), handshake_(new_handshake())
{}

// ---- the handshake ----

HandshakeProgress StreamEngine::handshake() noexcept
{
    if (role_.client && !begun_) {
        begun_ = true;
        send(*handshake_.write({})); // nothing of the peer is in it yet, so it cannot fail
    }
    for (;;) {
        const auto next = frames_.next(begun_ ? kLargestHandshakeMessage : kKeyBytes);
        if (next.what == FrameReader::What::more)
            return HandshakeProgress::more;
        if (next.what == FrameReader::What::too_large)
            return fail(JF_BAD_INPUT,
                        begun_ ? "a handshake message is too large" : "the first bytes do not begin a Noise handshake");
        const HandshakeProgress progress = take(next.message);
        if (progress != HandshakeProgress::more)
            return progress;
    }
}

HandshakeProgress StreamEngine::take(ByteView message)
{
    if (role_.client)
        return prove(message);
    return begun_ ? finish(message) : answer(message);
}

/// Responder: the first message came.
HandshakeProgress StreamEngine::answer(ByteView first)
{
    if (!handshake_.read(first))
        return fail(JF_BAD_INPUT, "the first bytes do not begin a Noise handshake");
    begun_ = true;
    const auto message = write_proof_message(handshake_);
    if (!message)
        return HandshakeProgress::failed;
    send(*message);
    return HandshakeProgress::more;
}

/// Initiator: the second message came. If the peer is not the right one, the third says so and shows no certificate.
HandshakeProgress StreamEngine::prove(ByteView second)
{
    const auto payload = handshake_.read(second);
    if (!payload)
        return fail(JF_BAD_INPUT, "the handshake failed: the peer's message was changed, or is of another protocol");
    const Verdict verdict = judge(*payload, handshake_);
    if (!verdict.good) {
        const auto message = verdict.alert ? handshake_.write(write_alert(*verdict.alert)) : std::nullopt;
        if (message)
            send(*message);
        return HandshakeProgress::failed;
    }
    const auto message = write_proof_message(handshake_);
    if (!message)
        return HandshakeProgress::failed;
    send(*message);
    const Keys keys = handshake_.split();
    handshake_.forget();
    keep(keys);
    records_.emplace(keys);
    return HandshakeProgress::done;
}

/// Responder: the third message came.
HandshakeProgress StreamEngine::finish(ByteView third)
{
    const auto payload = handshake_.read(third);
    if (!payload)
        return fail(JF_BAD_INPUT, "the handshake failed: the peer's message was changed, or is of another protocol");
    const Keys keys = handshake_.split();
    records_.emplace(keys);
    const Verdict verdict = judge(*payload, handshake_);
    if (!verdict.good) {
        if (verdict.alert)
            output_.output(records_->seal(RecordKind::alert, ByteView(&*verdict.alert, 1)));
        return HandshakeProgress::failed;
    }
    handshake_.forget();
    keep(keys);
    return HandshakeProgress::done;
}

void StreamEngine::send(ByteView message)
{
    const std::uint8_t size[] = {static_cast<std::uint8_t>(message.size() >> 8U),
                                 static_cast<std::uint8_t>(message.size() & 0xffU)};
    output_.output(size);
    output_.output(message);
}

// ---- bytes ----

EngineRead StreamEngine::read(std::span<std::uint8_t> plain) noexcept
{
    if (!rest_.empty())
        return hand_out(plain);
    for (;;) {
        const auto next = frames_.next();
        if (next.what != FrameReader::What::message)
            return {EngineRead::Kind::more};
        const EngineRead read = read_record(next.message, plain);
        if (read.kind != EngineRead::Kind::more)
            return read;
    }
}

/// `more` for a record without anything in it.
EngineRead StreamEngine::read_record(ByteView message, std::span<std::uint8_t> plain)
{
    const Opened opened = records_->open(message);
    if (opened.what == Opened::What::worn_out)
        return fail_reading(JF_EXHAUSTED, "the peer has used its keys for as many records as they are good for");
    if (opened.what != Opened::What::record)
        return fail_reading(JF_BAD_INPUT, "a damaged record");
    switch (opened.kind) {
    case RecordKind::data:
        rest_ = opened.content;
        return rest_.empty() ? EngineRead{EngineRead::Kind::more} : hand_out(plain);
    case RecordKind::close:
        return {EngineRead::Kind::ended};
    case RecordKind::alert:
        return refused_by_peer(opened.content);
    case RecordKind::confirm:
        break;
    }
    return fail_reading(JF_BAD_INPUT, "a record of a kind that a stream does not have");
}

EngineRead StreamEngine::hand_out(std::span<std::uint8_t> plain)
{
    const std::size_t count = std::min(plain.size(), rest_.size());
    std::copy_n(rest_.begin(), count, plain.begin());
    rest_ = rest_.subspan(count);
    return {EngineRead::Kind::data, count};
}

Status StreamEngine::write(ByteView plain) noexcept
{
    while (!plain.empty()) {
        const std::size_t count = std::min(plain.size(), kMostContent);
        const ByteView record = records_->seal(RecordKind::data, plain.first(count));
        if (record.empty())
            return JF_EXHAUSTED;
        output_.output(record);
        plain = plain.subspan(count);
    }
    return JF_OK;
}

void StreamEngine::close_notify() noexcept
{
    const ByteView record = records_->seal(RecordKind::close, {});
    if (!record.empty())
        output_.output(record);
}

} // namespace secure_noise
