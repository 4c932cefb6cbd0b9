// How packets are protected, if they are: what a plugin that encrypts gives to the streams.
//
// Threads: a protector or an opener is used by one thread at a time; its stream's lock sees to that. Made and freed on
// control. Lifetime: suites are constants of the plugin.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace jackfield::rtp {

/// What follows a protected packet at most: SRTCP's index and E flag, and the longest tag.
inline constexpr std::size_t kMaxTrailerBytes = 4 + 16;

/// For what one stream sends.
class PacketProtector {
public:
    virtual ~PacketProtector() = default;

    /// Protects the first `size` bytes in place; `size` grows, the buffer has kMaxTrailerBytes more. False: not sent.
    virtual bool rtp(std::span<std::uint8_t> buffer, std::size_t& size) = 0;
    virtual bool rtcp(std::span<std::uint8_t> buffer, std::size_t& size) = 0;
};

/// For what one stream receives.
class PacketOpener {
public:
    virtual ~PacketOpener() = default;

    /// Opens a packet in place; `size` shrinks. False: not authentic, replayed or too short.
    virtual bool rtp(std::span<std::uint8_t> packet, std::size_t& size) = 0;
    virtual bool rtcp(std::span<std::uint8_t> packet, std::size_t& size) = 0;
};

struct Key;

struct Suite {
    std::string_view name; ///< as in SDP
    std::size_t key_bytes;
    std::size_t salt_bytes;
    std::size_t tag_bytes;

    /// Both throw Failure. With the peer's SSRC, if it is known, its first packet costs no more than the others.
    std::unique_ptr<PacketProtector> (*protector)(const Key& key, std::uint32_t ssrc);
    std::unique_ptr<PacketOpener> (*opener)(const Key& key, std::optional<std::uint32_t> ssrc);
};

struct Key {
    const Suite* suite = nullptr;
    Bytes bytes; ///< key and salt
};

/// What a plugin, as it is configured, takes.
struct Suites {
    std::vector<const Suite*> suites; ///< in order of preference
    bool allow_unencrypted = false;   ///< streams without keys, too

    /// Null if the suite is unknown or switched off.
    const Suite* find(std::string_view name) const
    {
        const auto found =
            std::find_if(suites.begin(), suites.end(), [&](const Suite* suite) { return suite->name == name; });
        return found != suites.end() ? *found : nullptr;
    }
};

} // namespace jackfield::rtp
