// What goes out of a session of channels: what the path below did not take yet, and whose turn it is to send.
//
// Threads: any; the session's lock is held, but for take_turns, which takes it.
// Lifetime: a member of the session's core.
#pragma once

#include <jackfield/output_queue.hpp>
#include <jackfield/path.hpp>

#include <map>
#include <memory>
#include <mutex>

namespace shared_mux {

inline constexpr std::size_t kPendingBytes = 256 * 1024;
inline constexpr std::size_t kTurnBytes = 64 * 1024; // of one channel, while others wait

class Outlet {
public:
    explicit Outlet(jackfield::Path below) : below_(below), pending_(false, kPendingBytes) {}

    /// It goes out at once, or waits behind what waits already. False, and nothing taken, if too much waits: only a
    /// peer that asks and does not read can bring that about.
    bool put(jackfield::ByteView message)
    {
        return (flush() && below_.send(message) != JF_WOULD_BLOCK) || pending_.push(message);
    }

    /// True if nothing waits any more.
    bool flush()
    {
        while (!pending_.empty()) {
            const jackfield::ByteView front = pending_.front(JF_STREAM_SEND_MAX);
            if (below_.send(front) == JF_WOULD_BLOCK)
                return false;
            pending_.pop(front.size());
        }
        return true;
    }

private:
    jackfield::Path below_;
    jackfield::OutputQueue pending_;
};

/// The first that is ready, round and round by number, behind the one whose turn it was last. Null if there is none.
template <class Number, class Stream, class Ready>
std::shared_ptr<Stream> next_in_turn(const std::map<Number, std::shared_ptr<Stream>>& streams, Number last, Ready ready)
{
    const auto is_ready = [&](const auto& entry) { return ready(*entry.second); };
    auto found = std::find_if(streams.upper_bound(last), streams.end(), is_ready);
    if (found == streams.end())
        found = std::find_if(streams.begin(), streams.end(), is_ready);
    return found == streams.end() ? nullptr : found->second;
}

/// Tells each that it may send, until `next` gives none: no channel waits for one that sends a lot. next: whose turn it
/// is, noted; called with the lock. serving: whether somebody is at it already.
template <class Next>
void take_turns(std::mutex& mutex, bool& serving, Next next)
{
    {
        const std::lock_guard lock(mutex);
        if (std::exchange(serving, true))
            return;
    }
    for (;;) {
        decltype(next()) stream;
        {
            const std::lock_guard lock(mutex);
            stream = next();
            if (!stream) {
                serving = false;
                return;
            }
        }
        stream->gate.writable();
    }
}

/// Whoever waits for the peer's answer hears that there will be none. A multiplexer whose channels can be used before
/// it has nobody waiting.
template <class Stream>
void give_up_asking(Stream& stream, jackfield::Status status, std::string_view text)
{
    if constexpr (requires { stream.asked; }) {
        if (stream.asked)
            stream.asked->fail(status, text);
    }
}

/// A session is over: whoever asked for a channel hears it, and every channel ends. Without the lock.
template <class Streams>
void end_streams(const Streams& streams, jackfield::Status status, std::string_view text)
{
    for (const auto& [number, stream] : streams) {
        give_up_asking(*stream, status, text);
        stream->gate.ended(status, text);
    }
}

/// A session is released: nobody hears anything any more but those who asked. Without the lock.
template <class Streams>
void shut_streams(const Streams& streams)
{
    for (const auto& [number, stream] : streams) {
        stream->gate.shut();
        give_up_asking(*stream, JF_CANCELLED, "the session was released");
    }
}

} // namespace shared_mux
