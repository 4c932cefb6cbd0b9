// Arguments and results of a call between two processes, put one after the other into memory of a given size.
//
// Whoever reads them reads what another process wrote, which may be anything: nothing outside of the memory is touched,
// and after the first thing that cannot be there all that follows is 0 and empty.
//
// Threads:  plain values, one thread at a time. Nothing allocates.
// Lifetime: a view on the memory, and so are the texts and bytes that come out.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace jackfield::kernel::isolate {

/// Where bytes begin: fit for samples and for vector instructions.
inline constexpr std::size_t kAlignment = 16;

class Packer {
public:
    explicit Packer(std::span<std::byte> room) : room_(room) {}

    template <typename Scalar>
        requires std::is_arithmetic_v<Scalar>
    Packer& put(Scalar value)
    {
        return put_raw(&value, sizeof(value));
    }

    Packer& put_text(std::string_view text)
    {
        put(static_cast<std::uint64_t>(text.size()));
        return put_raw(text.data(), text.size());
    }

    /// Room for so many bytes, at an aligned place, to be filled by the caller. Null if there is no such room.
    std::byte* put_room(std::size_t size)
    {
        put(static_cast<std::uint64_t>(size));
        align();
        std::byte* const place = reserve(size);
        return place;
    }

    Packer& put_bytes(const void* data, std::size_t size)
    {
        if (std::byte* const place = put_room(size); place != nullptr && size != 0)
            std::memcpy(place, data, size);
        return *this;
    }

    /// False once something did not fit.
    bool fits() const { return fits_; }
    std::size_t size() const { return size_; }

private:
    Packer& put_raw(const void* data, std::size_t size)
    {
        if (std::byte* const place = reserve(size); place != nullptr && size != 0)
            std::memcpy(place, data, size);
        return *this;
    }

    void align() { reserve((kAlignment - size_ % kAlignment) % kAlignment); }

    std::byte* reserve(std::size_t size)
    {
        fits_ = fits_ && size <= room_.size() - size_;
        if (!fits_)
            return nullptr;
        std::byte* const place = room_.data() + size_;
        size_ += size;
        return place;
    }

    std::span<std::byte> room_;
    std::size_t size_ = 0;
    bool fits_ = true;
};

class Unpacker {
public:
    explicit Unpacker(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <typename Scalar>
        requires std::is_arithmetic_v<Scalar>
    Scalar take()
    {
        Scalar value{};
        if (const std::byte* const place = next(sizeof(value)); place != nullptr)
            std::memcpy(&value, place, sizeof(value));
        return value;
    }

    std::string_view take_text()
    {
        const auto size = take<std::uint64_t>();
        const std::byte* const place = next(size);
        return place != nullptr ? std::string_view(reinterpret_cast<const char*>(place), size) : std::string_view();
    }

    std::span<const std::byte> take_bytes()
    {
        const auto size = take<std::uint64_t>();
        next((kAlignment - at_ % kAlignment) % kAlignment);
        const std::byte* const place = next(size);
        return place != nullptr ? std::span(place, size) : std::span<const std::byte>();
    }

    /// False once something was not there, or spoil.
    bool sound() const { return sound_; }
    /// What came out makes no sense.
    void spoil() { sound_ = false; }

private:
    const std::byte* next(std::uint64_t size)
    {
        sound_ = sound_ && size <= bytes_.size() - at_;
        if (!sound_)
            return nullptr;
        const std::byte* const place = bytes_.data() + at_;
        at_ += size;
        return place;
    }

    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    bool sound_ = true;
};

} // namespace jackfield::kernel::isolate
