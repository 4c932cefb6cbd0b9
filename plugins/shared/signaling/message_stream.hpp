// The stream under a session: bytes come in on the path's thread and are read on the control thread; messages go out
// at once or wait, in order, until the path is writable. Over a path of datagrams each of them is read by itself.
//
// Threads: received, writable and closed on the path's thread; all else on the control thread.
// Lifetime: a member of the session. close() waits for a receiver call that is under way.
#pragma once

#include <jackfield/host.hpp>
#include <jackfield/path.hpp>

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::signaling {

/// Who reads the stream. [control]
class StreamUser {
public:
    virtual void on_bytes(ByteView bytes) = 0;                              ///< some of the stream, or one datagram
    virtual void on_stream_end(Status status, const std::string& text) = 0; ///< once, after all bytes

protected:
    ~StreamUser() = default;
};

class MessageStream final : private PathReceiver {
public:
    /// max_waiting_bytes bounds each direction: bytes not yet read, and bytes the path did not take yet.
    MessageStream(Host host, Path path, std::size_t max_waiting_bytes, StreamUser& user);
    MessageStream(const MessageStream&) = delete;
    MessageStream& operator=(const MessageStream&) = delete;
    ~MessageStream() override { close(); }

    /// Throws Failure.
    void open();

    /// JF_OK: it is sent or will be. JF_EXHAUSTED: too much waits. Anything else: the path has ended.
    Status send(std::string message);

    void close();

private:
    struct End {
        Status status;
        std::string text;
    };

    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override;
    void closed(Status status, std::string_view text) noexcept override;
    void wake();
    void read();

    Path path_;
    bool boundaries_;
    std::size_t max_waiting_bytes_;
    StreamUser& user_;
    bool open_ = false;
    Scope scope_;

    std::mutex in_mutex_; ///< never held while anything is called
    std::string in_;
    std::vector<std::size_t> ends_; ///< of each datagram in in_
    std::optional<End> end_;
    bool full_ = false;  ///< more came than fits: what fits is read, then the stream ends
    bool woken_ = false; ///< a read is posted

    std::mutex out_mutex_; ///< held while the path below is asked to send
    std::deque<std::string> out_;
    std::size_t out_bytes_ = 0;
};

} // namespace jackfield::signaling
