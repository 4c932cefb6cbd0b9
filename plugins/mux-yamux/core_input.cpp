// What a yamux session and its channels share: what comes in. See session.hpp.

#include "channel.hpp"
#include "session.hpp"

#include <algorithm>

namespace mux_yamux {

namespace {

constexpr std::size_t kMaxRequests = 16;       // of the peer, not answered yet
constexpr std::uint32_t kOwnPing = 0xffffffff; // the number of the one that no one above us asked for

} // namespace

void Core::received(const jf_packet& packet) noexcept
{
    if (over())
        return; // the peer goes on; nobody is here
    try {
        ByteView input(packet.bytes.data, packet.bytes.size);
        while (const auto piece = reader_.next(input))
            take(*piece, packet.arrival_ns);
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

void Core::take(const Piece& piece, std::int64_t arrival_ns)
{
    const Header& header = piece.header;
    if (header.type == Type::ping || header.type == Type::go_away)
        return take_control(header);
    const auto stream = find(header, piece.begins);
    if (!stream)
        return; // of a channel that is gone: still on its way when we said so
    if (piece.begins && (header.flags & flag::kAck) != 0)
        answered(stream);
    if (header.type == Type::window_update)
        take_update(stream, header);
    else
        take_data(stream, piece.data, arrival_ns);
    if (!piece.begins)
        return;
    if ((header.flags & flag::kRst) != 0)
        end_stream(stream, JF_REFUSED, "the peer broke the channel off");
    else if ((header.flags & flag::kFin) != 0)
        end_stream(stream, JF_CLOSED, "the peer closed the channel");
}

void Core::take_control(const Header& header)
{
    if (header.type == Type::go_away) {
        scope_.post([this] { end_all(JF_CLOSED, "the peer ended the session"); });
    } else if ((header.flags & flag::kSyn) != 0) {
        const Lock lock(mutex_);
        emit({Type::ping, flag::kAck, 0, header.length}, lock);
    } else {
        {
            const Lock lock(mutex_);
            round_trip_.answered(header.length, now());
        }
        scope_.post([this, number = header.length] { pong(number); });
    }
}

std::shared_ptr<Stream> Core::find(const Header& header, bool begins)
{
    const Lock lock(mutex_);
    if (const auto found = streams_.find(header.stream); found != streams_.end()) {
        if (begins && (header.flags & flag::kSyn) != 0)
            throw jackfield::Failure(JF_BAD_INPUT, "the peer opened a yamux stream twice");
        return found->second;
    }
    if (!begins || (header.flags & flag::kSyn) == 0)
        return nullptr;
    if (header.stream == 0 || header.stream % 2 == next_id_ % 2)
        throw jackfield::Failure(JF_BAD_INPUT, "the peer opened a yamux stream with a number of ours");
    return new_request(header.stream, lock);
}

/// Null, and refused, if there are too many.
std::shared_ptr<Stream> Core::new_request(std::uint32_t id, const Lock& lock)
{
    const auto unanswered = std::ranges::count_if(streams_, [](const auto& entry) {
        return entry.second->state == Stream::State::naming || entry.second->state == Stream::State::requested;
    });
    if (streams_.size() >= options_.max_channels || static_cast<std::size_t>(unanswered) >= kMaxRequests) {
        emit({Type::window_update, flag::kRst, id, 0}, lock);
        return nullptr;
    }
    return streams_[id] = std::make_shared<Stream>(id, options_.window_bytes);
}

/// The peer accepts a channel of ours.
void Core::answered(const std::shared_ptr<Stream>& stream)
{
    const Lock lock(mutex_);
    if (stream->state != Stream::State::asked)
        return;
    stream->state = Stream::State::open;
    const std::uint32_t more = options_.window_bytes - kFirstWindow;
    stream->window += more;
    if (more > 0)
        emit({Type::window_update, 0, stream->id, more}, lock);
}

void Core::take_update(const std::shared_ptr<Stream>& stream, const Header& header)
{
    {
        const Lock lock(mutex_);
        if (stream->credit > 0xffffffff - header.length)
            throw jackfield::Failure(JF_BAD_INPUT, "the peer gave more credit than there is");
        stream->credit += header.length;
    }
    writable();
}

/// A stream that begins says its name first.
ByteView Core::take_name(Stream& stream, ByteView data)
{
    const Lock lock(mutex_);
    if (!stream.name_bytes && !data.empty()) {
        stream.name_bytes = data[0];
        data = data.subspan(1);
    }
    if (!stream.name_bytes)
        return data;
    const ByteView more = data.first(std::min(*stream.name_bytes - stream.name.size(), data.size()));
    stream.name.append(more.begin(), more.end());
    if (stream.name.size() == *stream.name_bytes) {
        stream.state = Stream::State::requested;
        scope_.post([this, id = stream.id, name = stream.name] {
            if (!over()) // the session may have ended on the turn before
                listener_.channel_requested(id, name, JF_STREAM);
        });
    }
    return data.subspan(more.size());
}

void Core::take_data(const std::shared_ptr<Stream>& stream, ByteView data, std::int64_t arrival_ns)
{
    const std::size_t size = data.size();
    bool naming = false;
    {
        const Lock lock(mutex_);
        if (stream->window < size)
            throw jackfield::Failure(JF_BAD_INPUT, "the peer sent more on a channel than its window allows");
        stream->window -= static_cast<std::uint32_t>(size);
        naming = stream->state == Stream::State::naming;
        measure_round_trip(lock);
    }
    if (naming)
        data = take_name(*stream, data);
    if (!data.empty())
        stream->gate.deliver(jackfield::make_packet(data, arrival_ns)); // one that is closed throws it away
    const Lock lock(mutex_);
    give_credit(*stream, size, lock);
}

/// Half a window at a time, once somebody reads: what waits to be read holds the peer back. A reader that keeps up lets
/// the window grow.
void Core::give_credit(Stream& stream, std::size_t bytes, const Lock& lock)
{
    stream.unread += static_cast<std::uint32_t>(bytes);
    if (!stream.reading || stream.unread < stream.tuned.bytes() / 2)
        return;
    const std::uint32_t read = std::exchange(stream.unread, 0U);
    const std::uint32_t more = read + stream.tuned.read(read, now(), round_trip_.least(), room_to_grow(stream, lock));
    stream.window += more;
    emit({Type::window_update, 0, stream.id, more}, lock);
}

/// Within what one window and all of them together may have.
std::uint32_t Core::room_to_grow(const Stream& stream, const Lock&) const
{
    if (stream.finished) // what comes is thrown away
        return 0;
    std::uint64_t grown = 0;
    for (const auto& [id, each] : streams_)
        grown += each->tuned.bytes() - options_.window_bytes;
    const std::uint64_t of_all =
        options_.session_growth_bytes - std::min<std::uint64_t>(grown, options_.session_growth_bytes);
    const std::uint64_t of_one = options_.max_window_bytes - stream.tuned.bytes();
    return static_cast<std::uint32_t>(std::min(of_all, of_one));
}

/// Once, when the first data come: nothing queues yet, so that the answer tells what the way takes.
void Core::measure_round_trip(const Lock& lock)
{
    if (round_trip_.least() || round_trip_.asking())
        return;
    round_trip_.asked(kOwnPing, now());
    emit({Type::ping, flag::kSyn, 0, kOwnPing}, lock);
}

void Core::end_stream(const std::shared_ptr<Stream>& stream, jackfield::Status status, std::string_view text)
{
    bool declined = false;
    {
        const Lock lock(mutex_);
        declined = stream->state == Stream::State::asked;
        stream->peer_finished = true;
        if (status != JF_CLOSED || stream->finished || stream->state != Stream::State::open)
            streams_.erase(stream->id); // else when our end finishes
    }
    if (declined)
        stream->gate.ended(JF_REFUSED, "the peer declined the channel \"" + stream->name + "\"");
    else
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
    std::map<std::uint32_t, std::shared_ptr<Stream>> streams;
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

} // namespace mux_yamux
