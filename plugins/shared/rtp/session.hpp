// A media session: the streams of one call, the paths they share, and which packet belongs to whom.
//
// Threads: see <jackfield/abi/media_transport.h>. Packets are taken apart on the stack of the path's thread.
// Lifetime: the kernel owns it; paths and listener outlive it. Destroying it says goodbye and closes the paths.
#pragma once

#include "stream.hpp"

#include <jackfield/host.hpp>
#include <jackfield/media_transport.hpp>

namespace jackfield::rtp {

class Session final : public MediaSession {
public:
    /// Makes the streams and opens the paths: packets may come in before this returns. Throws Failure.
    Session(Host host, const RtpOptions& options, const SessionConfig& config, std::vector<Path> paths,
            MediaListener listener);
    ~Session() override;

    Status send(std::uint32_t stream, const jf_payload& payload) noexcept override;
    Status take(std::uint32_t stream, std::int64_t now_ns, jf_payload& payload,
                std::int64_t& next_due_ns) noexcept override;
    std::int64_t tick(std::int64_t now_ns) noexcept override;
    void request_key_frame(std::uint32_t stream) noexcept override;
    std::string statistics() override;

private:
    class Ear;
    class RtcpRouter;

    void make_streams(const SessionConfig& config);
    void open_paths();
    void close_paths() noexcept;
    void handle_rtp(Ear& ear, std::span<std::uint8_t> packet, std::int64_t arrival_ns);
    void handle_rtcp(Ear& ear, ByteView packet, std::int64_t arrival_ns);
    void check_goodbyes();
    void end(Status status, std::string_view text);

    Host host_;
    MediaListener listener_;
    SessionContext context_;
    std::vector<Path> paths_;
    std::vector<std::unique_ptr<Stream>> streams_;
    std::vector<std::unique_ptr<Ear>> ears_;
    std::atomic<bool> ended_{false};
    Scope scope_;
};

} // namespace jackfield::rtp
