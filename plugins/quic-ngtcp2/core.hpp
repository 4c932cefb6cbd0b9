// One QUIC connection over a path of datagrams: handshake, channels, datagrams, timers, end.
//
// Threads:  received, writable and closed on the thread of the path below; sends on any; the rest on control. One mutex
//           guards ngtcp2's connection and what belongs to it; it is this connection's own, so that media waits for no
//           work of control but this connection's. It is held across `send` of the path below, never across a receiver,
//           open or close (path.h). What ngtcp2 hands us inside a call is copied, and handed up when the lock is free.
// Lifetime: shared by the session and its channels, which may be released late; shut ends all that happens by itself.
#pragma once

#include "datagram_ring.hpp"
#include "engine.hpp"
#include "options.hpp"
#include "stream.hpp"

#include <jackfield/secure_channel.hpp>

#include <ngtcp2/ngtcp2.h>

#include <list>
#include <map>
#include <mutex>
#include <optional>

namespace quic_ngtcp2 {

class Core final : public jackfield::PathReceiver, public std::enable_shared_from_this<Core> {
public:
    /// Throws JF_UNSUPPORTED if the path below does not carry QUIC.
    Core(jackfield::Host host, jackfield::Path below, bool client, const Engine& engine,
         shared_tls::CheckPeer check_peer, jackfield::SecureListener listener, const Options& options);
    ~Core() override;

    /// For the engine: asks the connection for its opinion of the peer.
    static int verify(gnutls_session_t session);

    // [control]
    /// above: the secured path, to be handed out once the peer is proven. Throws Failure.
    void start(jackfield::PathBase& above);
    void shut();
    jackfield::Bytes export_key_material(std::string_view label, ByteView context, std::size_t size);

    void listen(jackfield::MultiplexerListener listener);
    void ask(std::string_view name, std::uint32_t kind, jackfield::ChannelDone done);
    std::shared_ptr<Stream> accept(std::int64_t id);
    void decline(std::int64_t id);
    void ping(jackfield::Nanoseconds timeout, jackfield::Completion done);

    // of the channels, and of the secured path, which is the first of them
    const std::shared_ptr<Stream>& secured() const { return secured_; }
    jackfield::Status send(Stream& stream, std::span<const jf_bytes> parts);
    void open(Stream& stream, jf_path_receiver receiver);
    void finish(Stream& stream);
    jf_path_info describe(const Stream& stream) const;

private:
    using Lock = std::unique_lock<std::mutex>;
    enum class Phase { handshake, secured, over };

    /// Something that came in and waits for the lock to be free.
    struct Arrival {
        std::shared_ptr<Stream> stream;
        std::size_t size = 0; // of its bytes, or
        jackfield::Status end = JF_OK;
        bool datagram = false;
    };
    struct Arrivals {
        std::vector<Arrival> list;
        Bytes bytes;
    };

    struct Ping {
        Ping(std::uint64_t its_number, std::int64_t its_deadline_ns, jackfield::Completion its_done,
             jackfield::Host host)
            : number(its_number), deadline_ns(its_deadline_ns), done(std::move(its_done)), timer(host)
        {}
        std::uint64_t number;
        std::int64_t deadline_ns;
        jackfield::Completion done;
        jackfield::Timer timer;
    };

    struct Callbacks; // what ngtcp2 calls, core_callbacks.cpp
    friend struct Callbacks;
    static Core& of(void* self) { return *static_cast<Core*>(self); }
    static ngtcp2_conn* connection_of(ngtcp2_crypto_conn_ref* reference)
    {
        return of(reference->user_data).connection_;
    }

    // the beginning, core.cpp
    static ngtcp2_callbacks callbacks();
    bool let_in(ByteView datagram);
    void make_connection(const ngtcp2_pkt_hd* hello);
    ngtcp2_transport_params transport_parameters(const ngtcp2_pkt_hd* hello) const;
    void handshake_done();

    // the end, core.cpp
    void end(jackfield::Status status, std::string_view text, const Lock&);
    void end_with(const ngtcp2_connection_close_error& told, jackfield::Status status, std::string_view text,
                  const Lock&);
    void say_goodbye(const ngtcp2_connection_close_error& told);
    void end_all(bool was_secured, const jf_error& error);
    void give_up();

    // what comes in, core_input.cpp
    void received(const jf_packet& packet) noexcept override;
    void writable() noexcept override;
    void closed(jackfield::Status status, std::string_view text) noexcept override;
    void read(ByteView datagram, const Lock& lock);
    void failed(int code, const Lock& lock);
    void peer_ended(const Lock& lock);
    void hand_up(std::int64_t arrival_ns, std::uint32_t ecn);
    void hand_up(const Arrival& arrival, ByteView bytes, std::int64_t arrival_ns, std::uint32_t ecn);
    ByteView take_head(const std::shared_ptr<Stream>& stream, ByteView bytes);
    ByteView take_answer(const std::shared_ptr<Stream>& stream, ByteView bytes);
    void end_stream(const std::shared_ptr<Stream>& stream, jackfield::Status status);
    void give_credit(Stream& stream, std::size_t bytes, const Lock&);
    std::shared_ptr<Stream> find(std::int64_t id) const;

    // what goes out, core_output.cpp
    bool has_room(Stream& stream, std::size_t size);
    void pump(const Lock& lock);
    ngtcp2_ssize write_packet(ngtcp2_tstamp now);
    ngtcp2_ssize write_datagram(ngtcp2_tstamp now);
    ngtcp2_ssize write_stream(Stream& stream, ngtcp2_tstamp now);
    bool pass_on(std::size_t size);
    void serve();
    std::shared_ptr<Stream> next_to_tell();
    void arm(const Lock&);
    void set_timer();
    void run_timer();
    ngtcp2_tstamp now() const { return static_cast<ngtcp2_tstamp>(scope_.host().now_ns()); }

    // channels, core_channels.cpp
    void announce(const std::shared_ptr<Stream>& stream);
    void ask_for_life(std::uint64_t number, jackfield::Nanoseconds again_in);
    void pong(std::uint64_t number);
    void refuse(std::int64_t id, Code code);

    jackfield::Path below_;
    jf_path_info below_info_;
    bool client_;
    const Engine& engine_;
    shared_tls::CheckPeer check_peer_;
    jackfield::SecureListener listener_;
    jackfield::PathBase* above_ = nullptr; // the session's
    Options options_;
    std::size_t mtu_;
    jackfield::Scope scope_;

    std::mutex mutex_; // guards from here to `packet_`
    Phase phase_ = Phase::handshake;
    bool was_secured_ = false;
    ngtcp2_crypto_conn_ref reference_;
    shared_gnutls::Session tls_;
    ngtcp2_conn* connection_ = nullptr;
    jackfield::Device peer_;
    bool checked_ = false;                                    // the peer's chain was found good
    std::optional<jf_error> refusal_;                         // why it was not, or which rule of ours was broken
    std::map<std::int64_t, std::shared_ptr<Stream>> streams_; // second owner: the channel
    std::map<std::uint64_t, std::shared_ptr<Stream>> flows_;
    std::shared_ptr<Stream> secured_;   // second owner: the secured path
    std::vector<std::int64_t> surplus_; // streams of the peer's that are to be refused
    DatagramRing datagrams_;
    Arrivals arrivals_;
    std::int64_t last_turn_ = 0;
    bool held_up_ = false; // the path below takes nothing; packet_ waits
    std::size_t packet_size_ = 0;
    ngtcp2_tstamp armed_ = UINT64_MAX; // when the timer runs out, or will once it is set
    std::array<std::uint8_t, 1500> packet_{};

    Arrivals handing_up_; // [the thread of the path below]

    // [control]
    std::optional<jackfield::MultiplexerListener> mux_listener_;
    bool below_open_ = false;
    std::list<Ping> pings_;
    std::uint64_t last_ping_ = 0;
    jackfield::Timer deadline_;
    jackfield::Timer timer_;
};

} // namespace quic_ngtcp2
