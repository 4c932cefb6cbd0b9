// A component over TCP. Each end listens on its addresses and tries those of the peer as RFC 8305 tries the addresses
// of a name: one after the other, the next without delay if one fails. The controlling side takes the first connection,
// whoever made it, that leads to the peer.
//
// Threads and lifetime: see component.hpp.
#pragma once

#include "component.hpp"
#include "handshake.hpp"
#include "stream_path.hpp"

namespace jackfield::direct {

class StreamComponent final : public Component, public std::enable_shared_from_this<StreamComponent> {
public:
    StreamComponent(asio::io_context& context, ComponentSetup setup, ComponentEvents events);

    std::vector<ice::Candidate> open(const std::vector<ice::IpAddress>& addresses) override;
    PathBase& path() override { return *path_; }
    void set_remote_password(std::string password) override;
    void add_remote(std::vector<ice::Candidate> candidates) override;
    void stop() override;

private:
    struct Target { // an address of the peer
        ice::Candidate candidate;
        std::string problem; // of the last attempt
    };

    void accept(std::size_t acceptor);
    void accept_later(std::size_t acceptor);
    void try_next();
    void connect(std::size_t target);
    void connected(std::size_t target, const std::shared_ptr<tcp::socket>& socket, asio::error_code failed);
    void attempt_failed(std::size_t target, const std::string& why);
    void greet(tcp::socket socket, bool made, std::optional<std::size_t> target);
    void chosen(const std::shared_ptr<Handshake>& handshake, std::optional<std::size_t> target);
    void forget(const std::shared_ptr<Handshake>& handshake);
    void start_deadline();
    void fail(Status status, const std::string& text);
    void hush();

    asio::io_context& context_;
    std::vector<tcp::acceptor> acceptors_;
    std::vector<ice::Candidate> locals_; // of the acceptors
    std::vector<Target> targets_;
    std::size_t next_target_ = 0;
    std::size_t under_way_ = 0; // attempts that have neither failed nor led to somebody
    std::vector<std::shared_ptr<tcp::socket>> connecting_;
    std::vector<std::shared_ptr<Handshake>> handshakes_;
    std::string remote_password_;
    bool settled_ = false; // a connection was taken, or the search has failed
    asio::steady_timer attempt_;
    asio::steady_timer deadline_;
    std::shared_ptr<StreamPath> path_;
    std::atomic<bool> silenced_ = false; // by stop: no event any more
};

} // namespace jackfield::direct
