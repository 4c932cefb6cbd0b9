// Numbers in network byte order, and time in the units of RTP and NTP.
//
// Threads: any; nothing here keeps state or allocates.
#pragma once

#include <cstdint>

namespace jackfield::rtp {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kMillisecondNs = 1'000'000;

inline std::uint16_t read_u16(const std::uint8_t* at)
{
    return static_cast<std::uint16_t>((at[0] << 8) | at[1]);
}

inline std::uint32_t read_u32(const std::uint8_t* at)
{
    return (std::uint32_t{read_u16(at)} << 16) | read_u16(at + 2);
}

inline std::uint64_t read_u64(const std::uint8_t* at)
{
    return (std::uint64_t{read_u32(at)} << 32) | read_u32(at + 4);
}

inline void write_u16(std::uint8_t* at, std::uint16_t value)
{
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
}

inline void write_u32(std::uint8_t* at, std::uint32_t value)
{
    write_u16(at, static_cast<std::uint16_t>(value >> 16));
    write_u16(at + 2, static_cast<std::uint16_t>(value));
}

inline void write_u64(std::uint8_t* at, std::uint64_t value)
{
    write_u32(at, static_cast<std::uint32_t>(value >> 32));
    write_u32(at + 4, static_cast<std::uint32_t>(value));
}

/// Nanoseconds in units of a media clock. Whole seconds go first: a day times 90 kHz still fits into 64 bits.
inline std::int64_t to_units(std::int64_t ns, std::uint32_t clock_rate_hz)
{
    const std::int64_t rate = clock_rate_hz;
    return ns / kSecondNs * rate + ns % kSecondNs * rate / kSecondNs;
}

inline std::int64_t to_ns(std::int64_t units, std::uint32_t clock_rate_hz)
{
    const std::int64_t rate = clock_rate_hz;
    return units / rate * kSecondNs + units % rate * kSecondNs / rate;
}

/// The wall clock of one session in NTP format (RFC 3550 section 4). It is read once and then goes with the host's
/// monotonic clock, so that all streams of a session share one timeline and a set clock does not tear it.
class NtpClock {
public:
    NtpClock(std::int64_t wall_ms, std::int64_t now_ns) : base_ns_(now_ns)
    {
        constexpr std::int64_t kSecondsFrom1900To1970 = 2'208'988'800;
        const std::int64_t seconds = wall_ms / 1000 + kSecondsFrom1900To1970;
        base_ = (static_cast<std::uint64_t>(seconds) << 32) + fraction(wall_ms % 1000 * kMillisecondNs);
    }

    std::uint64_t at(std::int64_t now_ns) const
    {
        const std::int64_t since = now_ns - base_ns_;
        return base_ + (static_cast<std::uint64_t>(since / kSecondNs) << 32) + fraction(since % kSecondNs);
    }

    /// The middle 32 bits, as LSR and DLSR count: 1/65536 s.
    static std::uint32_t middle(std::uint64_t ntp) { return static_cast<std::uint32_t>(ntp >> 16); }

private:
    static std::uint64_t fraction(std::int64_t ns)
    {
        return static_cast<std::uint64_t>(ns * (std::int64_t{1} << 32) / kSecondNs);
    }

    std::int64_t base_ns_;
    std::uint64_t base_ = 0;
};

} // namespace jackfield::rtp
