// A channel without any protection: a hello each way, then the path below as it is.
//
// The hello is there because the two ends must agree on a path: the client picks one of several, and its first bytes
// tell the server which (as a TLS client's do). It also tells a peer that encrypts from one that does not.
//
// Threads: bytes from below arrive on the path's thread; sends come from any thread; the rest is control. The mutex
// guards the phase; it is held while our hello is sent, never while a receiver, open or close is called.
// Lifetime: made by SecureChannel::open, destroyed by release; tasks and timers end with it.
#pragma once

#include <jackfield/host.hpp>
#include <jackfield/secure_channel.hpp>

namespace secure_none {

/// On a stream the first bytes each way, on datagrams a datagram of its own.
inline constexpr std::string_view kHello = "jackfield clear\n";

struct Settings {
    jackfield::Nanoseconds retransmit = std::chrono::milliseconds(100);
    jackfield::Nanoseconds timeout = std::chrono::milliseconds(10'000);
};

class Session final : public jackfield::SecureSession {
public:
    /// Throws JF_UNSUPPORTED for a path that is neither a stream nor carries a hello.
    Session(jackfield::Host host, jackfield::Path below, bool client, jackfield::SecureListener listener,
            const Settings& settings);
    ~Session() override;

    /// Opens the path below and begins. Throws Failure if that path cannot be opened. [control]
    void start();

    /// There are no keys. Throws JF_UNSUPPORTED.
    jackfield::Bytes export_key_material(std::string_view label, jackfield::ByteView context,
                                         std::size_t size) override;

private:
    enum class Phase { hello, open, over };

    struct BelowReceiver final : jackfield::PathReceiver {
        explicit BelowReceiver(Session& owner) : session(owner) {}
        void received(const jf_packet& packet) noexcept override { session.receive(packet); }
        void writable() noexcept override { session.resume(); }
        void closed(jackfield::Status status, std::string_view text) noexcept override { session.lost(status, text); }
        Session& session;
    };

    struct ClearPath final : jackfield::PathBase {
        explicit ClearPath(Session& owner) : session(owner) {}
        jf_path_info describe() const noexcept override { return session.below_info_; }
        void open(jf_path_receiver receiver) override { session.gate_.open(receiver); }
        jackfield::Status send(std::span<const jf_bytes> parts) noexcept override { return session.send(parts); }
        void close() noexcept override { session.close(); }
        Session& session;
    };

    bool datagrams() const { return below_info_.kind == JF_DATAGRAM; }
    Phase phase() const;

    void say_hello() noexcept;
    void say_hello_again();
    void give_up();

    void receive(const jf_packet& packet) noexcept;
    bool take_hello_of_stream(jf_packet& packet);
    bool take_hello_of_datagrams(const jf_packet& packet);
    void greeted();
    void hand_up(const jf_packet& packet);
    void resume() noexcept;
    void lost(jackfield::Status status, std::string_view text) noexcept;

    jackfield::Status send(std::span<const jf_bytes> parts) noexcept;
    void fail(jackfield::Status status, std::string_view text);
    void close() noexcept;

    jackfield::Scope scope_;
    jackfield::SecureListener listener_;
    jackfield::Path below_;
    jf_path_info below_info_;
    bool client_;
    Settings settings_;
    bool below_open_ = false; // [control]

    mutable std::mutex mutex_;
    Phase phase_ = Phase::hello;
    bool hello_waits_ = false; // the stream below did not take our hello yet

    std::size_t heard_ = 0; // bytes of the peer's hello [the thread of the path below]
    jackfield::ReceiverGate gate_;
    BelowReceiver below_receiver_{*this};
    ClearPath above_{*this};
    jackfield::Timer deadline_; // [control]
    jackfield::Timer retransmission_;
};

} // namespace secure_none
