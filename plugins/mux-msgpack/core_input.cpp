// What a session and its channels share: what comes in. See session.hpp.
//
// Threads: as there.
#include "channel.hpp"

#include <algorithm>

namespace mux_msgpack {

using Kind = Message::Kind;

namespace {

constexpr std::size_t kMaxRequests = 16; // of the peer, not answered yet

} // namespace

void Core::received(const jf_packet& packet) noexcept
{
    if (over())
        return; // the peer goes on; nobody is here
    try {
        reader_.feed(jackfield::view(packet.bytes));
        while (const auto message = reader_.next())
            take(*message, packet.arrival_ns);
    } catch (const jackfield::Failure& failure) {
        // Not from here: closing the path below would wait for this very call.
        scope_.post([this, status = failure.status(), text = std::string(failure.what())] {
            end_all(status, text);
            below_.close();
        });
    } catch (...) {
        scope_.post([this] { end_all(JF_EXHAUSTED, "no memory for what the peer sent"); });
    }
}

void Core::take(const Message& message, std::int64_t arrival_ns)
{
    switch (message.kind) {
    case Kind::data:
        return take_data(message, arrival_ns);
    case Kind::request:
        return take_request(message);
    case Kind::accept:
        return take_accept(message);
    case Kind::decline:
        if (const auto stream = take_out(message.channel))
            end_channel(stream, JF_REFUSED, "the peer declined the channel \"" + stream->name + "\"");
        return;
    case Kind::version:
        return take_version(message);
    case Kind::beacon: {
        const Lock lock(mutex_);
        return emit({Kind::answer}, lock);
    }
    case Kind::answer:
        return scope_.post([this] { alive(); });
    }
}

void Core::take_version(const Message& message)
{
    const Lock lock(mutex_);
    peer_answers_ = message.version >= kVersion;
    if (peer_answers_ && std::exchange(beacon_owed_, false))
        emit({Kind::beacon}, lock);
}

/// A number that is in use already is used for the new channel alone, as Jami does it; unless we wait for an answer:
/// then both ends picked the same one, and nobody gets it.
void Core::take_request(const Message& message)
{
    std::shared_ptr<Stream> before;
    {
        const Lock lock(mutex_);
        const auto found = streams_.find(message.channel);
        if (found != streams_.end() && found->second->state != Stream::State::asked) {
            before = found->second;
            before->finished = true; // its end is not said: the number means another channel now
            streams_.erase(found);
        }
        if (message.name.empty() || streams_.contains(message.channel) || !has_room_for_request(lock)) {
            emit({Kind::decline, message.channel, {}, message.name}, lock);
        } else {
            const auto stream = std::make_shared<Stream>(message.channel, message.name, options_.unread_bytes);
            stream->request = ++last_request_;
            streams_[message.channel] = stream;
            scope_.post([this, stream] {
                if (!over()) // the session may have ended on the turn before
                    listener_.channel_requested(stream->request, stream->name, JF_STREAM);
            });
        }
    }
    if (before)
        before->gate.ended(JF_CLOSED, "the peer uses the channel's number for another");
}

bool Core::has_room_for_request(const Lock&) const
{
    const auto unanswered = std::ranges::count_if(
        streams_, [](const auto& entry) { return entry.second->state == Stream::State::requested; });
    return streams_.size() < options_.max_channels && static_cast<std::size_t>(unanswered) < kMaxRequests;
}

void Core::take_accept(const Message& message)
{
    std::shared_ptr<Stream> stream;
    std::unique_ptr<jackfield::ChannelDone> asked;
    {
        const Lock lock(mutex_);
        const auto found = streams_.find(message.channel);
        if (found == streams_.end() || found->second->state != Stream::State::asked)
            return;
        stream = found->second;
        stream->state = Stream::State::open;
        asked = std::move(stream->asked);
    }
    asked->succeed(std::make_unique<MsgpackChannel>(shared_from_this(), stream));
}

void Core::take_data(const Message& message, std::int64_t arrival_ns)
{
    if (message.data.empty()) {
        if (const auto stream = take_out(message.channel))
            end_channel(stream, JF_CLOSED, "the peer closed the channel");
        return;
    }
    std::shared_ptr<Stream> stream;
    {
        const Lock lock(mutex_);
        const auto found = streams_.find(message.channel);
        if (found == streams_.end())
            return; // of a channel that is gone: still on its way when we said so
        stream = found->second;
    }
    if (stream->gate.deliver(jackfield::make_packet(message.data, arrival_ns)) != JF_EXHAUSTED)
        return;
    // The wire cannot hold back one channel, and the others must not wait for it.
    if (const auto ended = take_out(message.channel)) {
        {
            const Lock lock(mutex_);
            emit({Kind::data, ended->id}, lock);
        }
        end_channel(ended, JF_EXHAUSTED, "more came than may wait for the channel to be read");
    }
}

/// The channel, which the session has no more. Null if there is none.
std::shared_ptr<Stream> Core::take_out(std::uint16_t channel)
{
    const Lock lock(mutex_);
    const auto found = streams_.find(channel);
    if (found == streams_.end())
        return nullptr;
    const auto stream = found->second;
    stream->finished = true; // the peer knows
    streams_.erase(found);
    return stream;
}

void Core::end_channel(const std::shared_ptr<Stream>& stream, jackfield::Status status, std::string_view text)
{
    if (const auto asked = std::move(stream->asked))
        return asked->fail(JF_REFUSED, text);
    stream->gate.ended(status, text);
}

void Core::closed(jackfield::Status status, std::string_view text) noexcept
{
    scope_.post([this, status, text = std::string(text)] { end_all(status, text); });
}

bool Core::over()
{
    const Lock lock(mutex_);
    return over_;
}

/// The session is over. [control]
void Core::end_all(jackfield::Status status, std::string_view text)
{
    Streams streams;
    {
        const Lock lock(mutex_);
        if (std::exchange(over_, true))
            return;
        streams.swap(streams_);
    }
    shared_mux::end_streams(streams, status, text);
    gone(status, text);
    listener_.closed(status, text);
}

} // namespace mux_msgpack
