// What a yamux session and its channels share: what goes out. See session.hpp; what comes in is in core_input.cpp.

#include "channel.hpp"
#include "session.hpp"

#include <algorithm>

namespace mux_yamux {

namespace {

constexpr std::size_t kMaxPayload = JF_STREAM_SEND_MAX - kHeaderBytes; // of one send of the path below
constexpr std::size_t kMaxNameBytes = 255;

} // namespace

Core::Core(jackfield::Host host, jackfield::Path below, bool initiator, jackfield::MultiplexerListener listener,
           const Options& options)
    : below_(below),
      listener_(listener),
      options_(options),
      scope_(host),
      next_id_(initiator ? 1 : 2), // odd and even, as the protocol has it for client and server
      outlet_(below)
{
    scratch_.reserve(JF_STREAM_SEND_MAX);
}

// --- what the kernel asks for ---------------------------------------------------------------------------------------

void Core::ask(std::string_view name, jackfield::ChannelDone done)
{
    if (name.empty() || name.size() > kMaxNameBytes)
        return done.fail(JF_BAD_INPUT, "a channel's name has 1 to 255 bytes");
    const Lock lock(mutex_);
    if (over_)
        return done.fail(JF_CLOSED, "the stream below has ended");
    if (streams_.size() >= options_.max_channels)
        return done.fail(JF_EXHAUSTED, "there are " + std::to_string(streams_.size()) + " channels already");
    const auto stream = std::make_shared<Stream>(std::exchange(next_id_, next_id_ + 2), options_.window_bytes);
    stream->state = Stream::State::asked;
    stream->name = std::string(name);
    streams_[stream->id] = stream;

    jackfield::Bytes hello{static_cast<std::uint8_t>(name.size())};
    hello.insert(hello.end(), name.begin(), name.end());
    stream->credit -= static_cast<std::uint32_t>(hello.size());
    emit({Type::data, flag::kSyn, stream->id, static_cast<std::uint32_t>(hello.size())}, lock, hello);
    // Data may follow SYN at once: the first window is there before the peer answers.
    done.succeed(std::make_unique<YamuxChannel>(shared_from_this(), stream));
}

std::shared_ptr<Stream> Core::accept(std::uint32_t id)
{
    const Lock lock(mutex_);
    const auto found = streams_.find(id);
    if (over_ || found == streams_.end() || found->second->state != Stream::State::requested)
        throw jackfield::Failure(JF_NOT_FOUND, "the peer does not ask for that channel (any more)");
    Stream& stream = *found->second;
    stream.state = Stream::State::open;
    const std::uint32_t more = options_.window_bytes - kFirstWindow;
    stream.window += more;
    emit({Type::window_update, flag::kAck, id, more}, lock);
    return found->second;
}

void Core::decline(std::uint32_t id)
{
    const Lock lock(mutex_);
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second->state != Stream::State::requested)
        return;
    emit({Type::window_update, flag::kRst, id, 0}, lock);
    streams_.erase(found);
}

void Core::send_ping(std::uint32_t number)
{
    const Lock lock(mutex_);
    round_trip_.asked(number, now());
    emit({Type::ping, flag::kSyn, 0, number}, lock);
}

void Core::shut()
{
    scope_.end();
    std::map<std::uint32_t, std::shared_ptr<Stream>> streams;
    {
        const Lock lock(mutex_);
        if (!over_)
            emit({Type::go_away, 0, 0, 0}, lock); // in order
        over_ = true;
        streams.swap(streams_);
    }
    shared_mux::shut_streams(streams);
    below_.close();
}

// --- channels -------------------------------------------------------------------------------------------------------

jf_path_info Core::describe() const
{
    jf_path_info info = below_.describe();
    info.overhead_bytes += kHeaderBytes;
    info.max_datagram_bytes = JF_STREAM_SEND_MAX;
    return info;
}

void Core::open(Stream& stream, jf_path_receiver receiver)
{
    stream.gate.open(receiver);
    const Lock lock(mutex_);
    stream.reading = true;
    give_credit(stream, 0, lock);
}

/// All or nothing: with enough credit, and while the path below takes more.
jackfield::Status Core::send(Stream& stream, std::span<const jf_bytes> parts)
{
    const std::size_t size = jackfield::total_size(parts);
    if (size > JF_STREAM_SEND_MAX)
        return JF_BAD_INPUT;
    const Lock lock(mutex_);
    if (over_ || stream.finished || stream.gate.over())
        return JF_CLOSED;
    const bool turn_is_over = serving_ && stream.sent_in_turn >= shared_mux::kTurnBytes;
    if (stream.credit < size || turn_is_over || !outlet_.flush()) {
        stream.wanted = std::max<std::size_t>(size, 1);
        return JF_WOULD_BLOCK;
    }
    stream.credit -= static_cast<std::uint32_t>(size);
    stream.sent_in_turn += size;
    // Each byte is copied once, behind the head of its frame.
    std::size_t left = size;
    std::size_t room = 0; // in the frame that has begun
    for (const auto& part : parts) {
        for (ByteView rest = jackfield::view(part); !rest.empty();) {
            if (room == 0) {
                room = std::min(left, kMaxPayload);
                begin_frame({Type::data, 0, stream.id, static_cast<std::uint32_t>(room)});
            }
            const ByteView piece = rest.first(std::min(rest.size(), room));
            scratch_.insert(scratch_.end(), piece.begin(), piece.end());
            rest = rest.subspan(piece.size());
            left -= piece.size();
            room -= piece.size();
            if (room == 0)
                put_frame(lock);
        }
    }
    return JF_OK;
}

void Core::finish(Stream& stream)
{
    stream.gate.shut();
    const Lock lock(mutex_);
    if (over_ || std::exchange(stream.finished, true))
        return;
    stream.reading = true; // whatever comes now is thrown away, and the peer may finish
    give_credit(stream, 0, lock);
    emit({Type::window_update, flag::kFin, stream.id, 0}, lock);
    if (stream.peer_finished)
        streams_.erase(stream.id);
}

// --- turns ----------------------------------------------------------------------------------------------------------

void Core::emit(const Header& header, const Lock& lock, ByteView data)
{
    if (over_)
        return;
    begin_frame(header);
    scratch_.insert(scratch_.end(), data.begin(), data.end());
    put_frame(lock);
}

void Core::begin_frame(const Header& header)
{
    const auto head = write(header);
    scratch_.assign(head.begin(), head.end());
}

/// It goes out at once, or waits behind those that wait already.
void Core::put_frame(const Lock&)
{
    if (!outlet_.put(scratch_))
        scope_.post([this] { end_all(JF_EXHAUSTED, "the peer does not read, and asks for more answers than wait"); });
}

/// Of those who were refused and could send now. Null if nothing more goes out. Lock held.
std::shared_ptr<Stream> Core::next_in_turn()
{
    if (!outlet_.flush())
        return nullptr;
    const auto stream = shared_mux::next_in_turn(
        streams_, last_turn_, [](const Stream& each) { return each.wanted > 0 && each.wanted <= each.credit; });
    if (stream) {
        last_turn_ = stream->id;
        stream->wanted = 0;
        stream->sent_in_turn = 0;
    }
    return stream;
}

void Core::writable() noexcept
{
    shared_mux::take_turns(mutex_, serving_, [this] { return next_in_turn(); });
}

} // namespace mux_yamux
