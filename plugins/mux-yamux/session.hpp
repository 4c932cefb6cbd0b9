// A yamux session upon a stream: channels out of one, with credit for each, fair turns, and a sign of life.
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
#include <memory>
#include <mutex>

namespace mux_yamux {

/// What the session and its channels share.
class Core final : public jackfield::PathReceiver, public std::enable_shared_from_this<Core> {
public:
    Core(jackfield::Host host, jackfield::Path below, bool initiator, jackfield::MultiplexerListener listener,
         const Options& options);

    void begin() { below_.open(*this); }
    void ask(std::string_view name, jackfield::ChannelDone done);
    std::shared_ptr<Stream> accept(std::uint32_t id);
    void decline(std::uint32_t id);
    void send_ping(std::uint32_t number);
    void shut();

    jackfield::Status send(Stream& stream, std::span<const jf_bytes> parts);
    void open(Stream& stream, jf_path_receiver receiver);
    void finish(Stream& stream);
    jf_path_info describe() const;

    /// Called on control when a ping was answered.
    std::function<void(std::uint32_t number)> pong;
    /// Called on control when the stream below has ended.
    std::function<void(jackfield::Status status, std::string_view text)> gone;

    const jackfield::Scope& scope() const { return scope_; }

private:
    using Lock = std::unique_lock<std::mutex>;

    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override;
    void closed(jackfield::Status status, std::string_view text) noexcept override;

    void take(const Piece& piece, std::int64_t arrival_ns);
    void take_control(const Header& header);
    void take_update(const std::shared_ptr<Stream>& stream, const Header& header);
    void take_data(const std::shared_ptr<Stream>& stream, ByteView data, std::int64_t arrival_ns);
    ByteView take_name(Stream& stream, ByteView data);
    std::shared_ptr<Stream> find(const Header& header, bool begins);
    std::shared_ptr<Stream> new_request(std::uint32_t id, const Lock&);
    void answered(const std::shared_ptr<Stream>& stream);
    void give_credit(Stream& stream, std::size_t bytes, const Lock&);
    std::uint32_t room_to_grow(const Stream& stream, const Lock&) const;
    void measure_round_trip(const Lock&);
    jackfield::Nanoseconds now() const { return jackfield::Nanoseconds(scope_.host().now_ns()); }
    void end_stream(const std::shared_ptr<Stream>& stream, jackfield::Status status, std::string_view text);
    void end_all(jackfield::Status status, std::string_view text);
    bool over();

    void emit(const Header& header, const Lock&, ByteView data = {});
    void begin_frame(const Header& header);
    void put_frame(const Lock&);
    std::shared_ptr<Stream> next_in_turn();

    jackfield::Path below_;
    jackfield::MultiplexerListener listener_;
    Options options_;
    jackfield::Scope scope_;
    FrameReader reader_; // of the thread below

    std::mutex mutex_;
    std::map<std::uint32_t, std::shared_ptr<Stream>> streams_; // second owner: the channel
    std::uint32_t next_id_;
    shared_mux::RoundTrip round_trip_;
    shared_mux::Outlet outlet_;
    jackfield::Bytes scratch_; // the frame that is being put together
    std::uint32_t last_turn_ = 0;
    bool serving_ = false;
    bool over_ = false;
};

class Session final : public jackfield::MultiplexerSession {
public:
    Session(jackfield::Host host, jackfield::Path below, bool initiator, jackfield::MultiplexerListener listener,
            const Options& options);
    ~Session() override;

    void open_channel(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done) override;
    std::unique_ptr<jackfield::Channel> accept(std::uint64_t request) override;
    void decline(std::uint64_t request) override;
    void ping(jackfield::Nanoseconds timeout, jackfield::Completion done) override;

private:
    struct Ping {
        Ping(std::uint32_t its_number, jackfield::Completion its_done, jackfield::Host host)
            : number(its_number), done(std::move(its_done)), timer(host)
        {}
        std::uint32_t number;
        jackfield::Completion done;
        jackfield::Timer timer;
    };

    std::shared_ptr<Core> core_; // second owner: channels that are still on their way to the kernel
    std::list<Ping> pings_;
    std::uint32_t last_ping_ = 0;
};

} // namespace mux_yamux
