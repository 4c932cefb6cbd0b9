// Bytes or datagrams that wait until the path below takes them again. Memory is reserved at the start and bounded.
//
// Threads: none of its own; the owner's lock is held. Lifetime: a member of a session.
#pragma once

#include <jackfield/basic.hpp>

namespace jackfield {

class OutputQueue {
public:
    /// keep_boundaries: what is pushed at once comes out at once. limit: at most so many bytes wait.
    OutputQueue(bool keep_boundaries, std::size_t limit) : keep_boundaries_(keep_boundaries), limit_(limit)
    {
        bytes_.reserve(limit);
    }

    bool empty() const { return begin_ == bytes_.size(); }
    std::size_t size() const { return bytes_.size() - begin_; }
    bool has_room(std::size_t more) const { return size() + more <= limit_; }

    /// False, and nothing taken, if it would not fit.
    bool push(ByteView bytes)
    {
        if (!has_room(bytes.size() + kHead))
            return false;
        if (bytes_.size() + bytes.size() + kHead > limit_) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
            begin_ = 0;
        }
        if (keep_boundaries_) {
            const auto size = static_cast<std::uint32_t>(bytes.size());
            const auto* head = reinterpret_cast<const std::uint8_t*>(&size);
            bytes_.insert(bytes_.end(), head, head + kHead);
        }
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return true;
    }

    /// The oldest datagram, or as much of the stream as one send may carry. Valid until the next push.
    ByteView front(std::size_t most) const
    {
        const std::uint8_t* first = bytes_.data() + begin_;
        return keep_boundaries_ ? ByteView(first + kHead, front_size()) : ByteView(first, std::min(most, size()));
    }

    void pop(std::size_t count)
    {
        begin_ += keep_boundaries_ ? kHead + front_size() : count;
        if (empty())
            clear();
    }

    void clear()
    {
        bytes_.clear();
        begin_ = 0;
    }

private:
    static constexpr std::size_t kHead = sizeof(std::uint32_t);

    std::size_t front_size() const
    {
        std::uint32_t size = 0;
        std::memcpy(&size, bytes_.data() + begin_, kHead);
        return size;
    }

    bool keep_boundaries_;
    std::size_t limit_;
    Bytes bytes_;
    std::size_t begin_ = 0;
};

} // namespace jackfield
