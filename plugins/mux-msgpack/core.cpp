// What a session and its channels share: what goes out. See session.hpp; what comes in is in core_input.cpp.
//
// Threads: as there.
#include "channel.hpp"

#include <algorithm>

namespace mux_msgpack {

using Kind = Message::Kind;

namespace {

constexpr std::size_t kMostAtOnce = JF_STREAM_SEND_MAX - kMostHeadBytes; // of one send of the path below

} // namespace

Core::Core(jackfield::Host host, jackfield::Path below, jackfield::MultiplexerListener listener, const Options& options)
    : below_(below), listener_(listener), options_(options), scope_(host), outlet_(below)
{
    scratch_.reserve(JF_STREAM_SEND_MAX);
}

// --- what the kernel asks for ---------------------------------------------------------------------------------------

void Core::begin()
{
    below_.open(*this);
    Message version;
    version.kind = Kind::version;
    version.version = kVersion;
    const Lock lock(mutex_);
    emit(version, lock);
}

void Core::ask(std::string_view name, jackfield::ChannelDone done)
{
    if (name.empty() || name.size() > kMaxNameBytes)
        return done.fail(JF_BAD_INPUT, "a channel's name has 1 to 1024 bytes");
    const Lock lock(mutex_);
    if (over_)
        return done.fail(JF_CLOSED, "the stream below has ended");
    if (streams_.size() >= options_.max_channels)
        return done.fail(JF_EXHAUSTED, "there are " + std::to_string(streams_.size()) + " channels already");
    const auto stream = std::make_shared<Stream>(free_number(lock), std::string(name), options_.unread_bytes);
    stream->state = Stream::State::asked;
    stream->asked = std::make_unique<jackfield::ChannelDone>(std::move(done));
    streams_[stream->id] = stream;
    emit({Kind::request, stream->id, {}, stream->name}, lock);
}

/// Both ends take numbers from the same, so ours is a random one.
std::uint16_t Core::free_number(const Lock&) const
{
    for (;;) {
        const auto number = static_cast<std::uint16_t>(scope_.host().random_number());
        if (number != kControl && number != kProtocol && !streams_.contains(number))
            return number;
    }
}

Core::Streams::iterator Core::find_request(std::uint64_t request, const Lock&)
{
    return std::find_if(streams_.begin(), streams_.end(), [&](const auto& entry) {
        return entry.second->state == Stream::State::requested && entry.second->request == request;
    });
}

std::shared_ptr<Stream> Core::accept(std::uint64_t request)
{
    const Lock lock(mutex_);
    const auto found = find_request(request, lock);
    if (over_ || found == streams_.end())
        throw jackfield::Failure(JF_NOT_FOUND, "the peer does not ask for that channel (any more)");
    Stream& stream = *found->second;
    stream.state = Stream::State::open;
    emit({Kind::accept, stream.id, {}, stream.name}, lock);
    return found->second;
}

void Core::decline(std::uint64_t request)
{
    const Lock lock(mutex_);
    const auto found = find_request(request, lock);
    if (found == streams_.end())
        return;
    emit({Kind::decline, found->first, {}, found->second->name}, lock);
    streams_.erase(found);
}

/// A peer that has not said that it answers is asked once it does.
void Core::ask_for_sign_of_life()
{
    const Lock lock(mutex_);
    if (peer_answers_)
        emit({Kind::beacon}, lock);
    else
        beacon_owed_ = true;
}

void Core::shut()
{
    scope_.end();
    Streams streams;
    {
        const Lock lock(mutex_);
        for (const auto& [id, stream] : streams_) {
            if (stream->state == Stream::State::open)
                emit({Kind::data, id}, lock); // in order
        }
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
    info.overhead_bytes += kMostHeadBytes;
    info.max_datagram_bytes = JF_STREAM_SEND_MAX;
    return info;
}

/// All or nothing, while the path below takes more.
jackfield::Status Core::send(Stream& stream, std::span<const jf_bytes> parts)
{
    const std::size_t size = jackfield::total_size(parts);
    if (size > JF_STREAM_SEND_MAX)
        return JF_BAD_INPUT;
    const Lock lock(mutex_);
    if (over_ || stream.finished || stream.gate.over())
        return JF_CLOSED;
    const bool turn_is_over = serving_ && stream.sent_in_turn >= shared_mux::kTurnBytes;
    if (turn_is_over || !outlet_.flush()) {
        stream.waits = true;
        return JF_WOULD_BLOCK;
    }
    Bytes joined;
    joined.reserve(size);
    for (const auto& part : parts)
        joined.insert(joined.end(), part.data, part.data + part.size);
    stream.sent_in_turn += size;
    for (ByteView rest(joined); !rest.empty();) { // of nothing nothing is said: it would end the channel
        const ByteView piece = rest.first(std::min(rest.size(), kMostAtOnce));
        emit({Kind::data, stream.id, piece}, lock);
        rest = rest.subspan(piece.size());
    }
    return JF_OK;
}

void Core::finish(Stream& stream)
{
    stream.gate.shut();
    const Lock lock(mutex_);
    if (over_ || std::exchange(stream.finished, true))
        return;
    emit({Kind::data, stream.id}, lock);
    streams_.erase(stream.id); // what is still on its way is thrown away
}

// --- turns ----------------------------------------------------------------------------------------------------------

/// A message goes out at once, or waits behind those that wait already.
void Core::emit(const Message& message, const Lock&)
{
    if (over_)
        return;
    scratch_.clear();
    write(message, scratch_);
    if (!outlet_.put(scratch_))
        scope_.post([this] { end_all(JF_EXHAUSTED, "the peer does not read, and asks for more answers than wait"); });
}

/// Of those who were refused. Null if nothing more goes out. Lock held.
std::shared_ptr<Stream> Core::next_in_turn()
{
    if (!outlet_.flush())
        return nullptr;
    const auto stream = shared_mux::next_in_turn(streams_, last_turn_, [](const Stream& each) { return each.waits; });
    if (stream) {
        last_turn_ = stream->id;
        stream->waits = false;
        stream->sent_in_turn = 0;
    }
    return stream;
}

void Core::writable() noexcept
{
    shared_mux::take_turns(mutex_, serving_, [this] { return next_in_turn(); });
}

} // namespace mux_msgpack
