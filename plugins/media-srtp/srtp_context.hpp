// The one place that knows libsrtp2: a context that protects what one stream sends, one that opens what it receives.
//
// Threads: a context is used by one thread at a time; its stream's lock sees to that. Made and freed on control.
// Lifetime: a context keeps its own copy of the key; the one handed to libsrtp2 is wiped.
#pragma once

#include "suites.hpp"

#include <memory>
#include <thread>

struct srtp_ctx_t_;

namespace jackfield::media_srtp {

/// How far back a packet may come and still be told from a replay (RFC 3711 section 3.3.2).
inline constexpr unsigned long kReplayWindow = 1024;

/// Starts libsrtp2, which takes tens of milliseconds because of NSS below it, on a thread of its own.
class LibraryStart {
public:
    LibraryStart();
    ~LibraryStart();
    LibraryStart(const LibraryStart&) = delete;
    LibraryStart& operator=(const LibraryStart&) = delete;

    /// Throws Failure if the library did not start. Waits only if a call gets to its media within those milliseconds.
    void finish();

private:
    std::thread thread_;
};

struct Key {
    const Suite* suite = nullptr;
    Bytes bytes; ///< key and salt
};

namespace detail {
struct FreeContext {
    void operator()(srtp_ctx_t_* context) const;
};
using Context = std::unique_ptr<srtp_ctx_t_, FreeContext>;
} // namespace detail

class Protector {
public:
    /// Throws Failure.
    Protector(const Key& key, std::uint32_t ssrc);

    /// Protects the first `size` bytes in place; `size` grows, the buffer has kMaxTrailerBytes more. False: not sent.
    bool rtp(std::span<std::uint8_t> buffer, std::size_t& size);
    bool rtcp(std::span<std::uint8_t> buffer, std::size_t& size);

private:
    detail::Context context_;
};

class Unprotector {
public:
    /// With the peer's SSRC, if it is known, its first packet costs no more than the others. Throws Failure.
    Unprotector(const Key& key, std::optional<std::uint32_t> ssrc);

    /// Opens a packet in place; `size` shrinks. False: not authentic, replayed or too short.
    bool rtp(std::span<std::uint8_t> packet, std::size_t& size);
    bool rtcp(std::span<std::uint8_t> packet, std::size_t& size);

private:
    detail::Context context_;
    std::size_t rtcp_trailer_bytes_;
    std::size_t tag_bytes_;
};

} // namespace jackfield::media_srtp
