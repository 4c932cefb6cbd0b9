// A ring of bytes with a fixed size: what waits to be sent, without allocation after construction.
//
// Threads: none of its own; its owner locks. The readable part stays in place while more is written behind it.
#pragma once

#include <jackfield/path.hpp>

namespace jackfield::ice {

class ByteRing {
public:
    explicit ByteRing(std::size_t capacity) : memory_(capacity) {}

    std::size_t size() const { return size_; }
    std::size_t free() const { return memory_.size() - size_; }

    /// The caller has made sure that it fits.
    void write(ByteView bytes)
    {
        while (!bytes.empty()) {
            const std::size_t tail = (head_ + size_) % memory_.size();
            const std::size_t piece = std::min(bytes.size(), memory_.size() - tail);
            std::memcpy(memory_.data() + tail, bytes.data(), piece);
            size_ += piece;
            bytes = bytes.subspan(piece);
        }
    }

    /// The next bytes that lie side by side, at most that many.
    ByteView front(std::size_t at_most) const
    {
        return {memory_.data() + head_, std::min({at_most, size_, memory_.size() - head_})};
    }

    void drop(std::size_t count)
    {
        head_ = (head_ + count) % memory_.size();
        size_ -= count;
    }

    /// Copies and removes exactly out.size() bytes.
    void read(std::span<std::uint8_t> out)
    {
        while (!out.empty()) {
            const ByteView piece = front(out.size());
            std::memcpy(out.data(), piece.data(), piece.size());
            drop(piece.size());
            out = out.subspan(piece.size());
        }
    }

private:
    Bytes memory_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

} // namespace jackfield::ice
