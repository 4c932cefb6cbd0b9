// The bytes of the native wire: big-endian integers, and every variable part behind its length. No tags, no padding.
//
// Threads: values without shared state. What a stranger sent is read only through BinaryReader, which cannot run past
// the end: it throws Failure(JF_BAD_INPUT) instead.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>

namespace jackfield {

class BinaryWriter {
public:
    void u8(std::uint8_t value) { number(value, 1); }
    void u32(std::uint32_t value) { number(value, 4); }
    void u64(std::uint64_t value) { number(value, 8); }
    void i64(std::int64_t value) { number(static_cast<std::uint64_t>(value), 8); }

    /// Bytes of a size both sides know.
    void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

    /// A four-byte length, then the bytes.
    void block(ByteView bytes)
    {
        if (bytes.size() > UINT32_MAX)
            throw Failure(JF_BAD_INPUT, "a field longer than 4 GiB cannot be written");
        u32(static_cast<std::uint32_t>(bytes.size()));
        raw(bytes);
    }
    void text(std::string_view text) { block(as_bytes(text)); }

    const Bytes& bytes() const { return out_; }
    Bytes take() { return std::move(out_); }

private:
    void number(std::uint64_t value, unsigned size_bytes)
    {
        for (unsigned i = size_bytes; i-- > 0;)
            out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }

    Bytes out_;
};

/// Borrows the bytes it reads; so do the views it returns.
class BinaryReader {
public:
    explicit BinaryReader(ByteView bytes) : rest_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }
    std::int64_t i64() { return static_cast<std::int64_t>(number(8)); }

    ByteView raw(std::size_t size)
    {
        if (size > rest_.size())
            throw Failure(JF_BAD_INPUT, "the bytes end within a field");
        const ByteView part = rest_.first(size);
        rest_ = rest_.subspan(size);
        return part;
    }

    /// Refuses a field that is longer than the reader is willing to take.
    ByteView block(std::size_t most_bytes)
    {
        const std::size_t size = u32();
        if (size > most_bytes)
            throw Failure(JF_BAD_INPUT, "a field of " + std::to_string(size) + " bytes where at most " +
                                            std::to_string(most_bytes) + " are allowed");
        return raw(size);
    }
    std::string text(std::size_t most_bytes) { return std::string(as_text(block(most_bytes))); }

    ByteView rest() const { return rest_; }

    void expect_end() const
    {
        if (!rest_.empty())
            throw Failure(JF_BAD_INPUT, std::to_string(rest_.size()) + " bytes after the last field");
    }

private:
    std::uint64_t number(unsigned size_bytes)
    {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : raw(size_bytes))
            value = value << 8 | byte;
        return value;
    }

    ByteView rest_;
};

} // namespace jackfield
