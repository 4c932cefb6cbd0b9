// The media of one call: a session of RTP in clear, on paths with DTLS and SRTP.
//
// Threads: see <jackfield/abi/media_transport.h>.
// Lifetime: the session above goes first; its goodbye still goes out by the paths.
#pragma once

#include "secured_path.hpp"

#include <jackfield/media_transport.hpp>
#include <shared/rtp/session.hpp>

namespace jackfield::media_dtls {

class Session final : public MediaSession {
public:
    /// Opens the paths, and begins the handshakes that are ours to begin. Throws Failure.
    Session(Host host, const DtlsContext& context, std::string_view config, const std::vector<Path>& paths,
            MediaListener listener);

    Status send(std::uint32_t stream, const jf_payload& payload) noexcept override
    {
        return above_->send(stream, payload);
    }
    Status take(std::uint32_t stream, std::int64_t now_ns, jf_payload& payload,
                std::int64_t& next_due_ns) noexcept override
    {
        return above_->take(stream, now_ns, payload, next_due_ns);
    }
    std::int64_t tick(std::int64_t now_ns) noexcept override { return above_->tick(now_ns); }
    void request_key_frame(std::uint32_t stream) noexcept override { above_->request_key_frame(stream); }
    std::string statistics() override;
    void change(std::string_view config, std::vector<Path> paths) override;
    void control_rate(jf_rate_controller controller) override { above_->control_rate(controller); }

private:
    std::vector<Path> secure_new(const std::vector<Path>& paths);
    void associate(std::string_view config, std::size_t first, std::size_t last);

    Host host_;
    const DtlsContext& context_;
    std::vector<std::unique_ptr<SecuredPath>> paths_;
    std::vector<std::size_t> rtp_paths_; // of the streams
    std::unique_ptr<rtp::Session> above_;
};

} // namespace jackfield::media_dtls
