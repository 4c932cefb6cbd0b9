// Where the values of a bulletin board wait for the control thread: bounded, in order, a few per turn.
//
// Threads: put and end on any thread, the handlers on the control thread. Lifetime: shared by the discovery and by the
// callbacks that the board holds, which may outlast their subscription; close() makes them harmless.
#pragma once

#include <jackfield/host.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace jackfield::detail {

class BoardInbox : public std::enable_shared_from_this<BoardInbox> {
public:
    static constexpr std::size_t kMostValues = 2048;
    static constexpr std::size_t kMostBytes = 4'000'000;
    static constexpr std::size_t kValuesPerTurn =
        16; ///< decrypting one takes a tenth of a millisecond, checking a card's signature three

    using Handler = std::function<void(const std::vector<Bytes>&)>;
    using EndHandler = std::function<void(Status, const std::string&)>;

    /// Only values that begin with `head` and have at most `largest` bytes are let in. `head` lives for ever.
    BoardInbox(Host host, ByteView head, std::size_t largest, Handler handler, EndHandler end_handler = {})
        : host_(host),
          head_(head),
          largest_bytes_(largest),
          handler_(std::move(handler)),
          end_handler_(std::move(end_handler))
    {}

    /// [any] A value that does not fit is dropped: on a board everybody can write.
    void put(ByteView value)
    {
        if (value.size() > largest_bytes_ || value.size() < head_.size() ||
            !std::equal(head_.begin(), head_.end(), value.begin()))
            return;
        const std::lock_guard lock(mutex_);
        if (closed_ || ended_)
            return;
        if (values_.size() >= kMostValues || waiting_bytes_ + value.size() > kMostBytes) {
            if (!std::exchange(warned_, true))
                host_.warning("the board brings values faster than they can be opened; some are dropped");
            return;
        }
        waiting_bytes_ += value.size();
        values_.emplace_back(value.begin(), value.end());
        wake();
    }

    /// [any] No more values; the handler hears of it after the last of them. The first end counts.
    void end(Status status, std::string_view text)
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || ended_)
            return;
        ended_.emplace(status, std::string(text));
        wake();
    }

    /// [control] No handler is called any more. Allowed inside a handler.
    void close()
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        values_.clear();
    }

private:
    void wake()
    {
        if (!std::exchange(awake_, true))
            host_.post([self = shared_from_this()] { self->turn(); });
    }

    void turn()
    {
        std::vector<Bytes> part;
        std::optional<std::pair<Status, std::string>> end;
        {
            const std::lock_guard lock(mutex_);
            awake_ = false;
            if (closed_)
                return;
            for (; !values_.empty() && part.size() < kValuesPerTurn; values_.pop_front()) {
                waiting_bytes_ -= values_.front().size();
                part.push_back(std::move(values_.front()));
            }
            if (!values_.empty())
                wake();
            else
                end = ended_;
        }
        if (!part.empty())
            handler_(part);
        if (end && end_handler_ && !closed())
            end_handler_(end->first, end->second);
    }

    bool closed() const
    {
        const std::lock_guard lock(mutex_);
        return closed_;
    }

    Host host_;
    ByteView head_;
    std::size_t largest_bytes_;
    Handler handler_;
    EndHandler end_handler_;

    mutable std::mutex mutex_;
    std::deque<Bytes> values_;
    std::size_t waiting_bytes_ = 0;
    std::optional<std::pair<Status, std::string>> ended_;
    bool awake_ = false;
    bool closed_ = false;
    bool warned_ = false;
};

} // namespace jackfield::detail
