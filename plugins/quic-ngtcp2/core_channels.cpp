// Channels: asked for, accepted, declined, opened, finished; and signs of life. See core.hpp.
#include "core.hpp"

#include "session.hpp"

#include <algorithm>

namespace quic_ngtcp2 {

using jackfield::Failure;

namespace {

constexpr std::size_t kMaxNameBytes = 255;

} // namespace

// ---- what the kernel asks for; control ----

/// Whoever was announced before there was a listener is announced now.
void Core::listen(jackfield::MultiplexerListener listener)
{
    mux_listener_ = listener;
    std::vector<std::shared_ptr<Stream>> waiting;
    {
        const Lock lock(mutex_);
        for (const auto& [id, stream] : streams_) {
            if (stream->state == Stream::State::requested)
                waiting.push_back(stream);
        }
    }
    for (const auto& stream : waiting)
        scope_.post([this, stream] { announce(stream); });
}

void Core::announce(const std::shared_ptr<Stream>& stream)
{
    {
        const Lock lock(mutex_);
        if (!mux_listener_ || stream->state != Stream::State::requested || !streams_.contains(stream->id) ||
            std::exchange(stream->announced, true))
            return;
    }
    mux_listener_->channel_requested(static_cast<std::uint64_t>(stream->id), stream->name, stream->kind);
}

void Core::ask(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done)
{
    if (kind != JF_STREAM && kind != JF_DATAGRAM)
        return done.fail(JF_BAD_INPUT, "a channel is a stream, or carries datagrams");
    if (name.empty() || name.size() > kMaxNameBytes)
        return done.fail(JF_BAD_INPUT, "a channel's name has 1 to 255 bytes");
    const Lock lock(mutex_);
    if (phase_ != Phase::secured)
        return done.fail(JF_CLOSED, "there is no connection");
    std::int64_t id = 0;
    if (ngtcp2_conn_open_bidi_stream(connection_, &id, nullptr) != 0)
        return done.fail(JF_EXHAUSTED, "the peer takes no more than " + std::to_string(streams_.size()) + " channels");
    const auto stream = std::make_shared<Stream>(id, Stream::State::asked, kind, flow_of(id), options_.window_bytes);
    stream->name = std::string(name);
    streams_[id] = stream;
    const Bytes head = write_head({kind, stream->name});
    const jf_bytes part = jackfield::to_bytes(head);
    stream->out.push({&part, 1});
    if (kind == JF_STREAM) { // what is sent on it follows the head, and waits at the peer until it accepts
        done.succeed(std::make_unique<QuicChannel>(shared_from_this(), stream));
    } else { // a datagram that comes before the head would be lost
        stream->asked = std::make_unique<jackfield::ChannelDone>(std::move(done));
        flows_[stream->flow] = stream; // what the peer sends may be here before its answer
    }
    pump(lock);
}

std::shared_ptr<Stream> Core::accept(std::int64_t id)
{
    const Lock lock(mutex_);
    const auto stream = find(id);
    if (phase_ != Phase::secured || !stream || stream->state != Stream::State::requested)
        throw Failure(JF_NOT_FOUND, "the peer does not ask for that channel (any more)");
    stream->state = Stream::State::open;
    if (stream->kind == JF_DATAGRAM)
        flows_[stream->flow] = stream;
    const jf_bytes answer = jackfield::to_bytes(ByteView(&kAccepted, 1));
    stream->out.push({&answer, 1});
    pump(lock);
    return stream;
}

void Core::decline(std::int64_t id)
{
    const Lock lock(mutex_);
    const auto stream = find(id);
    if (phase_ != Phase::secured || !stream || stream->state != Stream::State::requested)
        return;
    refuse(id, Code::declined);
    pump(lock);
}

/// RESET_STREAM and STOP_SENDING. Lock held.
void Core::refuse(std::int64_t id, Code code)
{
    ngtcp2_conn_shutdown_stream(connection_, id, static_cast<std::uint64_t>(code));
    const auto stream = find(id);
    if (!stream)
        return;
    stream->dead = true;
    flows_.erase(stream->flow);
    streams_.erase(id);
}

/// An empty datagram, which QUIC acknowledges. ngtcp2 runs no timer for a packet of datagrams alone: we do.
void Core::ping(jackfield::Nanoseconds timeout, jackfield::Completion done)
{
    const std::uint64_t number = ++last_ping_;
    pings_.emplace_back(number, scope_.host().now_ns() + timeout.count(), std::move(done), scope_.host());
    ask_for_life(number, std::chrono::milliseconds(options_.retransmit_ms));
}

void Core::ask_for_life(std::uint64_t number, jackfield::Nanoseconds again_in)
{
    const auto found = std::ranges::find(pings_, number, &Ping::number);
    const jackfield::Nanoseconds left(found->deadline_ns - scope_.host().now_ns());
    if (left.count() <= 0) {
        found->done.fail(JF_TIMEOUT, "the peer gave no sign of life");
        pings_.erase(found);
        return;
    }
    found->timer.start(std::min(left, again_in), [this, number, again_in] { ask_for_life(number, again_in * 2); });
    const Lock lock(mutex_);
    if (phase_ != Phase::secured || datagrams_.full()) // so much waits that an answer would tell nothing sooner
        return;
    datagrams_.push(number, write_flow(kSecuredFlow).view(), {});
    pump(lock);
}

void Core::pong(std::uint64_t number)
{
    const auto found = std::ranges::find(pings_, number, &Ping::number);
    if (found == pings_.end())
        return;
    found->done.succeed();
    pings_.erase(found);
}

// ---- what the holder of a channel does ----

void Core::open(Stream& stream, jf_path_receiver receiver)
{
    stream.gate.open(receiver);
    const Lock lock(mutex_);
    stream.reading = true;
    if (phase_ != Phase::secured)
        return;
    give_credit(stream, 0, lock);
    pump(lock);
}

/// In order: what was sent goes out first. The secured path takes the connection with it. [control]
void Core::finish(Stream& stream)
{
    if (&stream == secured_.get())
        return shut();
    stream.gate.shut();
    const Lock lock(mutex_);
    stream.finished = true;
    flows_.erase(stream.flow);
    if (phase_ != Phase::secured)
        return;
    give_credit(stream, 0, lock);
    pump(lock);
}

} // namespace quic_ngtcp2
