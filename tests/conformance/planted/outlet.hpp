// What goes down a path: frames, of which later ones may wait.
//
// Threads: under its owner's lock.
#pragma once

#include <jackfield/path.hpp>

#include <deque>

namespace planted {

class Outlet {
public:
    explicit Outlet(jackfield::Path below) : below_(below) {}

    bool idle() const { return waiting_.empty(); }

    /// Of the peer's concern alone: waits if it must.
    void put(jackfield::Bytes frame)
    {
        waiting_.push_back(std::move(frame));
        flush();
    }
    /// All or nothing.
    bool offer(std::vector<jackfield::Bytes> frames)
    {
        if (!idle() || below_.send(frames.at(0)) != JF_OK)
            return false;
        for (std::size_t i = 1; i < frames.size(); ++i)
            put(std::move(frames[i]));
        return true;
    }
    void flush()
    {
        while (!waiting_.empty() && below_.send(waiting_.front()) == JF_OK)
            waiting_.pop_front();
    }

private:
    jackfield::Path below_;
    std::deque<jackfield::Bytes> waiting_;
};

/// The parts of a send in one, cut into pieces of at most so many bytes; at least one.
inline std::vector<jackfield::Bytes> pieces_of(std::span<const jf_bytes> parts, std::size_t most)
{
    jackfield::Bytes all;
    for (const auto& part : parts)
        all.insert(all.end(), part.data, part.data + part.size);
    std::vector<jackfield::Bytes> pieces;
    std::size_t at = 0;
    do {
        const std::size_t size = std::min(all.size() - at, most);
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
        pieces.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
        at += size;
    } while (at < all.size());
    return pieces;
}

inline void append_number(jackfield::Bytes& bytes, std::uint64_t number, int size)
{
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::uint8_t>(number >> shift));
}

inline std::uint64_t number_at(jackfield::ByteView bytes, std::size_t at, std::size_t size)
{
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < size; ++i)
        number = number << 8 | bytes[at + i];
    return number;
}

} // namespace planted
