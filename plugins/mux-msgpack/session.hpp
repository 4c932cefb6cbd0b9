// A session upon a stream: channels out of one, fair turns, and a sign of life.
//
// Threads:  open_channel, accept, decline, ping and the destructor on control; received, writable and closed on the
//           thread of the path below; channels send on any. The lock guards all but the gates, and none is held while
//           a receiver is called.
// Lifetime: the kernel's. The core outlives it for channels that are released late.
#pragma once

#include "stream.hpp"

#include <shared/mux/outlet.hpp>

#include <functional>
#include <list>
#include <map>
#include <mutex>

namespace mux_msgpack {

/// What the session and its channels share.
class Core final : public jackfield::PathReceiver, public std::enable_shared_from_this<Core> {
public:
    Core(jackfield::Host host, jackfield::Path below, jackfield::MultiplexerListener listener, const Options& options);

    void begin();
    void ask(std::string_view name, jackfield::ChannelDone done);
    std::shared_ptr<Stream> accept(std::uint64_t request);
    void decline(std::uint64_t request);
    void ask_for_sign_of_life();
    void shut();

    jackfield::Status send(Stream& stream, std::span<const jf_bytes> parts);
    void open(Stream& stream, jf_path_receiver receiver) { stream.gate.open(receiver); }
    void finish(Stream& stream);
    jf_path_info describe() const;

    /// Called on control when the peer has answered a sign of life.
    std::function<void()> alive;
    /// Called on control when the stream below has ended.
    std::function<void(jackfield::Status status, std::string_view text)> gone;

private:
    using Lock = std::unique_lock<std::mutex>;
    using Streams = std::map<std::uint16_t, std::shared_ptr<Stream>>; // second owner: the channel

    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override;
    void closed(jackfield::Status status, std::string_view text) noexcept override;

    void take(const Message& message, std::int64_t arrival_ns);
    void take_version(const Message& message);
    void take_request(const Message& message);
    void take_accept(const Message& message);
    void take_data(const Message& message, std::int64_t arrival_ns);
    bool has_room_for_request(const Lock&) const;
    std::shared_ptr<Stream> take_out(std::uint16_t channel);
    void end_channel(const std::shared_ptr<Stream>& stream, jackfield::Status status, std::string_view text);
    void end_all(jackfield::Status status, std::string_view text);
    bool over();

    std::uint16_t free_number(const Lock&) const;
    Streams::iterator find_request(std::uint64_t request, const Lock&);
    void emit(const Message& message, const Lock&);
    std::shared_ptr<Stream> next_in_turn();

    jackfield::Path below_;
    jackfield::MultiplexerListener listener_;
    Options options_;
    jackfield::Scope scope_;
    MessageReader reader_; // of the thread below

    std::mutex mutex_;
    Streams streams_;
    std::uint64_t last_request_ = 0;
    shared_mux::Outlet outlet_;
    jackfield::Bytes scratch_;
    std::uint16_t last_turn_ = 0;
    bool peer_answers_ = false; // it said that it answers signs of life
    bool beacon_owed_ = false;  // as soon as it says so
    bool serving_ = false;
    bool over_ = false;
};

class Session final : public jackfield::MultiplexerSession {
public:
    Session(jackfield::Host host, jackfield::Path below, jackfield::MultiplexerListener listener,
            const Options& options);
    ~Session() override;

    void open_channel(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done) override;
    std::unique_ptr<jackfield::Channel> accept(std::uint64_t request) override;
    void decline(std::uint64_t request) override;
    void ping(jackfield::Nanoseconds timeout, jackfield::Completion done) override;

private:
    struct Ping {
        Ping(jackfield::Completion its_done, jackfield::Host host) : done(std::move(its_done)), timer(host) {}
        jackfield::Completion done;
        jackfield::Timer timer;
    };

    std::shared_ptr<Core> core_; // second owner: channels that are still on their way to the kernel
    std::list<Ping> pings_;
};

} // namespace mux_msgpack
