// A path with DTLS and SRTP on it (RFC 5764, RFC 7983): what stands above sends and takes RTP and RTCP in clear.
//
// Threads: as a path; associate on control. The handshake runs on control: its datagrams are posted there, a bounded
// number at
//          once. Media is protected and opened where it comes, under a lock that control takes only to install keys.
// Lifetime: owned by its session; the path below outlives it or its close.
#pragma once

#include "handshake.hpp"

#include <jackfield/host.hpp>
#include <jackfield/path.hpp>
#include <shared/rtp/rtcp_packet.hpp>
#include <shared/rtp/rtp_packet.hpp>

#include <functional>
#include <memory>
#include <mutex>

namespace jackfield::media_dtls {

/// Who is at the other end of a path, and who of us speaks there.
struct Association {
    std::string fingerprint;
    bool client = false;
    std::vector<std::uint32_t> sources; // ours
    std::optional<std::uint32_t> remote_source;

    bool same_peer(const Association& other) const
    {
        return client == other.client && same_fingerprint(fingerprint, other.fingerprint);
    }
};

class SecuredPath final : public PathBase, private PathReceiver, private EngineOutput {
public:
    SecuredPath(Host host, const DtlsContext& context, const Path& below);
    ~SecuredPath() override;

    /// Before open, and whenever it may have changed: another peer means another handshake. Throws Failure.
    void associate(Association wanted);

    Path view() { return Path(PathBase::handle()); }

    jf_path_info describe() const noexcept override;
    void open(jf_path_receiver receiver) override;
    Status send(std::span<const jf_bytes> parts) noexcept override;
    void close() noexcept override;

    /// Packets that were not authentic, replayed, or came too early in too great a number. [any]
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
    std::string suite() const; ///< "" before the handshake is done. [any]

private:
    struct Early { // media that came before the keys
        std::size_t size = 0;
        std::int64_t arrival_ns = 0;
        std::array<std::uint8_t, rtp::kMaxPacketBytes> bytes;
    };

    void received(const jf_packet& packet) noexcept override;
    void closed(Status status, std::string_view text) noexcept override;
    void output(ByteView bytes) noexcept override { below_.send(bytes); }

    void start();
    void go_on(ByteView datagram);
    void settle();
    void install(MediaKeys keys);
    void make_protectors();
    void schedule();
    void fail(Status status, std::string_view text);
    void want_keys() noexcept;
    bool keep_early(ByteView bytes, std::int64_t arrival_ns);
    void release_early();
    void take_media(std::span<std::uint8_t> bytes, std::int64_t arrival_ns);

    Host host_;
    const DtlsContext& context_;
    const Path below_;
    ReceiverGate gate_;

    // Only on control.
    std::optional<Association> association_;
    std::unique_ptr<Handshake> handshake_;
    std::optional<rtp::Key> send_key_;
    Timer retransmit_;
    Timer limit_;
    bool opened_ = false;
    bool closed_ = false;
    bool failed_ = false; // and has said so

    std::mutex send_mutex_;                                                                   // guards the next
    std::vector<std::pair<std::uint32_t, std::unique_ptr<rtp::PacketProtector>>> protectors_; // by source

    mutable std::mutex receive_mutex_; // guards the next four
    std::unique_ptr<rtp::PacketOpener> opener_;
    std::string suite_;
    std::vector<Early> early_;
    std::size_t early_count_ = 0;

    std::atomic<bool> wanted_ = false; // there was media before the keys
    std::atomic<int> posted_ = 0;      // datagrams on their way to control
    std::atomic<std::uint64_t> refused_ = 0;
    Scope scope_;
};

} // namespace jackfield::media_dtls
