// Between an encoded picture and its RTP payloads: what every payload format here has in common.
//
// Threads: one media thread. Lifetime: lives in an encoder or decoder; memory grows to what pictures need and stays.
#pragma once

#include <jackfield/codec.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace jackfield::codec {

/// Cuts pictures into payloads, none longer than it was told when it was made.
class Packetiser {
public:
    virtual ~Packetiser() = default;

    /// stamp has the times of the picture; its bytes and marker are filled in here, the marker on the last payload
    /// (RFC 3550 section 5.1).
    virtual void cut(ByteView picture, jf_payload stamp, const PayloadSink& sink) noexcept = 0;
};

/// An encoded picture that grows from payloads. What a stranger sends is bounded here.
class PartialPicture {
public:
    static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;
    static constexpr std::size_t kPaddingBytes = 64; ///< zeros behind the end, which decoders read ahead into

    PartialPicture() { bytes_.reserve(256 * 1024); }

    /// False if it would grow beyond the bound; then it is unchanged.
    bool append(ByteView more) noexcept
    {
        if (more.size() > kMaxBytes - bytes_.size())
            return false;
        try {
            bytes_.insert(bytes_.end(), more.begin(), more.end());
        } catch (const std::bad_alloc&) {
            return false;
        }
        return true;
    }

    /// Puts other bytes in the place of `count` of them. False if it would grow beyond the bound; then it is unchanged.
    bool replace(std::size_t at, std::size_t count, ByteView with) noexcept
    {
        if (with.size() > kMaxBytes - (bytes_.size() - count))
            return false;
        const auto place = [&](std::size_t index) { return bytes_.begin() + static_cast<std::ptrdiff_t>(index); };
        try {
            if (with.size() < count)
                bytes_.erase(place(at + with.size()), place(at + count));
            else
                bytes_.insert(place(at + count), with.size() - count, 0);
        } catch (const std::bad_alloc&) {
            return false;
        }
        std::copy(with.begin(), with.end(), place(at));
        return true;
    }

    /// All of it, with the padding behind it; valid until the next change.
    ByteView finish() noexcept
    {
        static constexpr std::uint8_t kZeros[kPaddingBytes]{};
        const std::size_t size = bytes_.size();
        try {
            bytes_.insert(bytes_.end(), kZeros, kZeros + kPaddingBytes);
        } catch (const std::bad_alloc&) {
            return {};
        }
        return {bytes_.data(), size};
    }

    void clear() noexcept
    {
        bytes_.clear();
        key = false;
        open = false;
        has_slice = false;
    }

    bool empty() const { return bytes_.empty(); }
    std::size_t size() const { return bytes_.size(); }

    /// What was appended since it had that size; valid until the next change.
    ByteView bytes_from(std::size_t at) const { return ByteView(bytes_).subspan(at); }

    bool has_slice = false; ///< there is something to see in it, not only parameters
    bool key = false;       ///< can be decoded without what was before
    bool open = false;      ///< the last unit in it goes on in the next payload

private:
    std::vector<std::uint8_t> bytes_;
};

/// Puts pictures together again.
class Depacketiser {
public:
    virtual ~Depacketiser() = default;

    /// Adds what one payload carries. JF_BAD_INPUT: malformed, or more than the bound. JF_WOULD_BLOCK: it belongs to a
    /// picture whose beginning is missing.
    virtual Status add(ByteView payload, PartialPicture& picture) noexcept = 0;

    /// What the decoder should be fed before the first picture; may be empty.
    virtual Bytes prologue() const { return {}; }
};

} // namespace jackfield::codec
