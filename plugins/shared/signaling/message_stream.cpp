// The stream under a session: see the header.
//
// Threads: as marked there.
#include "message_stream.hpp"

namespace jackfield::signaling {

MessageStream::MessageStream(Host host, Path path, std::size_t max_waiting_bytes, StreamUser& user)
    : path_(path), boundaries_(!path.is_stream()), max_waiting_bytes_(max_waiting_bytes), user_(user), scope_(host)
{}

void MessageStream::open()
{
    open_ = true;
    path_.open(*this);
}

Status MessageStream::send(std::string message)
{
    const std::lock_guard lock(out_mutex_);
    if (out_.empty()) {
        const Status status = path_.send(as_bytes(message));
        if (status != JF_WOULD_BLOCK)
            return status;
    }
    if (out_bytes_ + message.size() > max_waiting_bytes_)
        return JF_EXHAUSTED;
    out_bytes_ += message.size();
    out_.push_back(std::move(message));
    return JF_OK;
}

void MessageStream::close()
{
    scope_.end();
    if (open_)
        path_.close();
    open_ = false;
}

void MessageStream::received(const jf_packet& packet) noexcept
{
    {
        const std::lock_guard lock(in_mutex_);
        if (full_ || end_)
            return;
        if (in_.size() + packet.bytes.size > max_waiting_bytes_)
            full_ = true;
        else
            in_.append(as_text(view(packet.bytes)));
        if (boundaries_ && !full_)
            ends_.push_back(in_.size());
        if (std::exchange(woken_, true))
            return;
    }
    wake();
}

void MessageStream::writable() noexcept
{
    const std::lock_guard lock(out_mutex_);
    while (!out_.empty()) {
        const Status status = path_.send(as_bytes(out_.front()));
        if (status == JF_WOULD_BLOCK)
            return;
        out_bytes_ -= out_.front().size();
        out_.pop_front();
        if (status != JF_OK) {
            out_.clear(); // the path has ended; closed says so
            return;
        }
    }
}

void MessageStream::closed(Status status, std::string_view text) noexcept
{
    {
        const std::lock_guard lock(in_mutex_);
        if (!end_)
            end_ = End{status, std::string(text)};
        if (std::exchange(woken_, true))
            return;
    }
    wake();
}

void MessageStream::wake()
{
    scope_.post([this] { read(); });
}

/// [control] Everything that has arrived by now, in one turn.
void MessageStream::read()
{
    std::string bytes;
    std::vector<std::size_t> ends;
    std::optional<End> end;
    {
        const std::lock_guard lock(in_mutex_);
        woken_ = false;
        bytes.swap(in_);
        ends.swap(ends_);
        if (full_)
            end = End{JF_EXHAUSTED, "the peer sends faster than it is read: more than " +
                                        std::to_string(max_waiting_bytes_) + " bytes wait"};
        else
            end = end_;
    }
    if (!boundaries_ && !bytes.empty())
        user_.on_bytes(as_bytes(bytes));
    std::size_t begin = 0;
    for (const std::size_t stop : ends) {
        user_.on_bytes(as_bytes(std::string_view(bytes).substr(begin, stop - begin)));
        begin = stop;
    }
    if (end)
        user_.on_stream_end(end->status, end->text);
}

} // namespace jackfield::signaling
