// A component over UDP. Every pair of a local socket and an address of the peer is a route. Both sides ask over all
// routes; the controlling side takes the first on which it is answered and says so. The other side sends where it was
// first answered until then: nobody who writes another's address into what he sends makes us send there (RFC 9147
// section 5.1). It asks back at once, so its answer comes with the first data of the controlling side.
//
// Threads and lifetime: see component.hpp.
#pragma once

#include "component.hpp"
#include "datagram_path.hpp"
#include "greeting.hpp"

#include <shared/ice/peer_address.hpp>

#include <asio/steady_timer.hpp>

#include <array>

namespace jackfield::direct {

class DatagramComponent final : public Component, public std::enable_shared_from_this<DatagramComponent> {
public:
    DatagramComponent(asio::io_context& context, ComponentSetup setup, ComponentEvents events,
                      std::shared_ptr<DatagramPath> path);

    std::vector<ice::Candidate> open(const std::vector<ice::IpAddress>& addresses) override;
    PathBase& path() override { return *path_; }
    void set_remote_password(std::string password) override;
    void add_remote(std::vector<ice::Candidate> candidates) override;
    void go_plain(ice::Candidate announced) override;
    std::shared_ptr<Component> successor(ComponentSetup setup, ComponentEvents events) override;
    void stop() override;
    void retire() override;

private:
    using Clock = std::chrono::steady_clock;

    struct Leg { // of a route: our end
        udp::socket socket;
        ice::Candidate local;
    };
    static constexpr std::size_t kMaxKept = 16;
    struct Kept { // came before it was known who the peer is
        std::size_t leg;
        udp::endpoint from;
        jf_packet packet;
        Bytes bytes;
    };
    struct Asked {
        std::uint32_t number = 0;
        std::int64_t at_ns = 0; // 0: none
    };
    struct Route {
        std::size_t leg;
        udp::endpoint remote;
        ice::Candidate candidate;
        bool proven = false;   // a greeting came from there
        bool returned = false; // and one of ours has arrived there, since its number came back
        bool chosen = false;   // the controlling side takes this one
        std::array<Asked, 8> asked{};
        std::size_t asks = 0;       // so far; the last of them are in `asked`
        Clock::duration interval{}; // until the next one
        Clock::time_point due{};
    };

    void wait_to_read(std::size_t leg);
    void read(std::size_t leg);
    void received(std::size_t leg, const jf_packet& packet);
    bool greeted(std::size_t leg, ByteView bytes, std::int64_t arrival_ns);
    void asked(Route& route, const Greeting& greeting);
    void consider(Route& route, std::int64_t round_trip_ns);
    void answered(Route& route, const Greeting& greeting, std::int64_t arrival_ns);
    void send(const Route& route, Word word, std::uint32_t number);
    void ask(Route& route, Word word);
    void select(Route& route, std::int64_t round_trip_ns);
    void take(std::size_t leg, const udp::endpoint& remote);

    std::size_t leg_towards(const ice::IpAddress& remote) const;
    void received_plain(std::size_t leg, const jf_packet& packet);
    void keep(std::size_t leg, const jf_packet& packet);
    void replay_kept();
    void take_plain(std::size_t leg);

    Route* find_route(std::size_t leg, const udp::endpoint& remote);
    Route* meet_route(std::size_t leg, const udp::endpoint& remote);

    void start_deadline();
    void schedule();
    void tick();
    void look_for_silence(Clock::time_point now);
    void watch_for_room();
    void fail(Status status, const std::string& text);

    std::vector<Leg> legs_; // those of the system's addresses, never more
    std::vector<Route> routes_;
    std::vector<std::pair<std::size_t, udp::endpoint>> early_; // asked before we knew the peer's password
    std::string remote_password_;
    Route* selected_ = nullptr;
    std::vector<Kept> kept_;
    std::optional<ice::PeerAddress> plain_; // the peer does no ICE
    std::size_t plain_leg_ = 0;             // where its packets leave
    bool agreed_ = false;                   // the controlled side has answered our choice
    bool stopped_ = false;
    std::int64_t last_heard_ns_ = 0; // an answer of the selected route
    Clock::time_point last_ask_{};
    std::array<std::uint8_t, 2048> buffer_; // what is being read, and
    udp::endpoint from_;                    // from where
    asio::io_context& context_;
    asio::steady_timer timer_;                 // the next ask
    asio::steady_timer deadline_;              // of the whole search
    const std::shared_ptr<DatagramPath> path_; // second owner: our predecessor, or successor
    std::atomic<bool> silenced_ = false;       // by stop: no event any more
};

} // namespace jackfield::direct
