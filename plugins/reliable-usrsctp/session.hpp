// One stream over one datagram path: SCTP below, a ReceiverGate above, a bounded queue for what the user sends.
//
// Threads: packets come in on the thread of the path below, timers on the engine's, sends on any; open, close and the
// destructor on the control thread. `work` is run by one thread at a time; another one that wants it only leaves a
// note. Locks: `sending_` may be held while packets go down; none is held when the receiver is called.
#pragma once

#include "socket.hpp"

#include <jackfield/reliable_stream.hpp>

#include <array>

namespace reliable_usrsctp {

struct SessionOptions {
    std::chrono::milliseconds handshake_timeout{10'000};
    std::chrono::milliseconds timeout{15'000};
};

class Session final : public jackfield::ReliableSession,
                      private jackfield::PathReceiver,
                      private jackfield::PathBase,
                      private Association {
public:
    /// Opens the path below and begins. Throws Failure.
    Session(jackfield::Host host, std::shared_ptr<Engine> engine, jackfield::Path below,
            jackfield::ReliableListener listener, const SessionOptions& options);
    ~Session() override;

private:
    static constexpr std::size_t kQueueBytes = 192 * 1024;

    void begin();
    void watch_handshake();
    void watch_peer();

    // The path below.
    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override { outlet_->resume(); }
    void closed(jackfield::Status status, std::string_view text) noexcept override;

    // The stream above.
    jf_path_info describe() const noexcept override;
    void open(jf_path_receiver receiver) override;
    jackfield::Status send(std::span<const jf_bytes> parts) noexcept override;
    void close() noexcept override;

    // What arrived, what waits, what ended.
    void work() noexcept override;
    void read_all() noexcept;
    void come_up() noexcept;
    bool feed() noexcept;
    void set_end(jackfield::Status status, std::string_view text) noexcept;
    void tell_end() noexcept;

    jackfield::Scope scope_;
    std::shared_ptr<Engine> engine_; // shared with the other sessions of this process
    jackfield::Path below_;
    jackfield::ReliableListener listener_;
    SessionOptions options_;
    jf_path_info below_info_;
    jackfield::Timer timer_;  // [control]
    bool below_open_ = false; // [control]

    std::shared_ptr<Outlet> outlet_ = std::make_shared<Outlet>(); // second owner: the engine's table
    std::uintptr_t address_ = 0;
    std::unique_ptr<Socket> socket_;
    jackfield::ReceiverGate gate_{0}; // what comes before `open` waits in SCTP's receive window

    std::atomic<std::int64_t> heard_ns_;      // when the last packet came
    std::atomic<std::int64_t> arrival_ns_{0}; // of the packet whose data is being handed up
    std::atomic<unsigned> wanted_{0};         // how often work was asked for since it was last done
    std::atomic<bool> up_{false};
    std::atomic<bool> reading_{false}; // somebody takes the data, or it is thrown away because the user closed
    std::array<std::uint8_t, 16 * 1024> piece_{}; // only inside work

    std::mutex sending_;
    jackfield::OutputQueue queue_{false, kQueueBytes};
    bool refused_ = false; // a send was answered JF_WOULD_BLOCK
    bool closing_ = false; // the user closed: the end follows the queue
    bool end_sent_ = false;

    std::mutex ending_;
    std::optional<jf_error> end_;
    bool failure_told_ = false;
};

} // namespace reliable_usrsctp
