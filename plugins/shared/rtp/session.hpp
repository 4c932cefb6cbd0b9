// A media session: the streams of one call, the paths they share, and which packet belongs to whom.
//
// Threads: see <jackfield/abi/media_transport.h>. Packets are taken apart on the stack of the path's thread.
// Lifetime: the kernel owns it; paths and listener outlive it. Destroying it says goodbye and closes the paths.
#pragma once

#include "stream.hpp"

#include <jackfield/host.hpp>
#include <jackfield/media_transport.hpp>

#include <functional>
#include <memory>
#include <mutex>

namespace jackfield::rtp {

/// What a plugin makes of a configuration and its paths. Throws Failure.
using ConfigReader = std::function<SessionConfig(std::string_view json, const std::vector<Path>& paths)>;

class Session final : public MediaSession {
public:
    /// Makes the streams and opens the paths: packets may come in before this returns. Throws Failure.
    Session(Host host, const RtpOptions& options, ConfigReader read, const SessionConfig& config,
            std::vector<Path> paths, MediaListener listener);
    ~Session() override;

    Status send(std::uint32_t stream, const jf_payload& payload) noexcept override;
    Status take(std::uint32_t stream, std::int64_t now_ns, jf_payload& payload,
                std::int64_t& next_due_ns) noexcept override;
    std::int64_t tick(std::int64_t now_ns) noexcept override;
    void request_key_frame(std::uint32_t stream) noexcept override;
    std::string statistics() override;
    void change(std::string_view config, std::vector<Path> paths) override;
    void control_rate(jf_rate_controller controller) override;

private:
    class Ear;
    class RtcpRouter;

    /// Whom the packets of one path may belong to.
    struct Users {
        std::vector<Stream*> rtp;
        std::vector<Stream*> rtcp;

        bool none() const { return rtp.empty() && rtcp.empty(); }

        /// Counts a packet that cannot be told whose it is.
        void refuse() const
        {
            if (!none())
                (rtp.empty() ? rtcp : rtp).front()->receiver().refuse();
        }
    };

    /// The streams in their places, and who uses which path. A change makes another; who is using one keeps it.
    struct Layout {
        std::vector<std::shared_ptr<Stream>> streams;
        std::vector<Users> users; // of paths_, in that order

        std::uint32_t number_of(const Stream& stream) const
        {
            const auto found =
                std::find_if(streams.begin(), streams.end(), [&](const auto& one) { return one.get() == &stream; });
            return static_cast<std::uint32_t>(found - streams.begin());
        }
    };

    std::shared_ptr<const Layout> layout() const
    {
        const std::lock_guard lock(layout_mutex_);
        return layout_;
    }

    static void check_paths(const std::vector<Path>& paths);
    std::shared_ptr<const Layout> lay_out(const SessionConfig& config, const std::vector<Path>& paths,
                                          const Layout* before) const;
    void open_paths(const Layout& layout, const std::vector<Path>& paths);
    void close_paths() noexcept;
    void handle_rtp(const Layout& layout, const Users& users, std::span<std::uint8_t> packet, std::int64_t arrival_ns,
                    std::uint8_t ecn);
    void drain(const Layout& layout, std::int64_t now_ns) const;
    std::int64_t control_rates(const Layout& layout, std::int64_t now_ns);
    std::int64_t send_feedback(const Layout& layout, std::int64_t now_ns);
    void handle_rtcp(const Layout& layout, const Users& users, ByteView packet, std::int64_t arrival_ns);
    void check_goodbyes(const Layout& layout);
    void end(Status status, std::string_view text);

    Host host_;
    ConfigReader read_;
    MediaListener listener_;
    SessionContext context_;
    std::unique_ptr<RateControl> rates_;
    std::atomic<bool> tick_asked_{false};
    std::int64_t next_feedback_ns_ = 0; // of the caller of tick
    std::uint64_t bytes_reported_ = 0;
    std::int64_t last_feedback_ns_ = 0;
    std::vector<Path> paths_;
    mutable std::mutex layout_mutex_; // held for no longer than it takes to copy the pointer
    std::shared_ptr<const Layout> layout_;
    std::vector<std::shared_ptr<const Layout>> retired_; // until no media thread is inside
    std::vector<std::unique_ptr<Ear>> ears_;
    std::atomic<bool> ended_{false};
    Scope scope_;
};

} // namespace jackfield::rtp
