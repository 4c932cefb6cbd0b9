// The one place that knows libsrtp2: a context that protects what one stream sends, one that opens what it receives.
//
// Threads: a context is used by one thread at a time; its stream's lock sees to that. Made and freed on control.
// Lifetime: a context keeps its own copy of the key; the one handed to libsrtp2 is wiped.
#pragma once

#include "suites.hpp"

#include <memory>
#include <thread>

struct srtp_ctx_t_;

namespace jackfield::srtp {

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

namespace detail {
struct FreeContext {
    void operator()(srtp_ctx_t_* context) const;
};
using Context = std::unique_ptr<srtp_ctx_t_, FreeContext>;
} // namespace detail

class Protector final : public PacketProtector {
public:
    /// Throws Failure.
    Protector(const Key& key, std::uint32_t ssrc);

    bool rtp(std::span<std::uint8_t> buffer, std::size_t& size) override;
    bool rtcp(std::span<std::uint8_t> buffer, std::size_t& size) override;

private:
    detail::Context context_;
};

class Unprotector final : public PacketOpener {
public:
    /// Throws Failure.
    Unprotector(const Key& key, std::optional<std::uint32_t> ssrc);

    bool rtp(std::span<std::uint8_t> packet, std::size_t& size) override;
    bool rtcp(std::span<std::uint8_t> packet, std::size_t& size) override;

private:
    detail::Context context_;
    std::size_t rtcp_trailer_bytes_;
    std::size_t tag_bytes_;
};

/// For the table of suites.
std::unique_ptr<PacketProtector> make_protector(const Key& key, std::uint32_t ssrc);
std::unique_ptr<PacketOpener> make_opener(const Key& key, std::optional<std::uint32_t> ssrc);

} // namespace jackfield::srtp
