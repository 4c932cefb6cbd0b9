// TCP through NATs on both sides, by simultaneous open (RFC 6544 section 7.1, RFC 5382 section 4.3): each component has
// one port, from which a STUN server is asked where it is seen, at which it listens, and from which it connects to the
// peer's as soon as that is known. libnice knows no such candidates.
//
// Threads:  start, add_remote and settle on the control thread, close on any; all of them post. Events come on the
// punch
//           thread.
// Lifetime: shared with what it has under way, until close.
#pragma once

#include "config.hpp"
#include "punched_tunnel.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <list>

namespace jackfield::ice {

/// A socket of libnice: of UDP, or its passive one of TCP.
struct PunchPlace {
    unsigned component = 0;
    Endpoint host;
};

class Puncher : public std::enable_shared_from_this<Puncher> {
public:
    struct Events {
        /// Once for each place. Nothing: a server does not see it, or not in time.
        std::function<void(const PunchPlace& place, std::optional<Endpoint> mapped, std::uint16_t local_port)> mapped;

        /// There is a connection to the peer, and libnice finds it at the stand-in.
        std::function<void(unsigned component, const Endpoint& remote, const Endpoint& stand_in)> punched;

        /// It was refused there, for the first time. It is tried again.
        std::function<void(unsigned component, const Endpoint& remote)> refused = {};
    };
    struct Options {
        bool stream = false;
        bool controlling = false;
        PortRange ports;
        std::chrono::milliseconds limit{10000}; ///< for the peer to be reached
    };

    Puncher(asio::io_context& context, const Options& options, Events events);
    Puncher(const Puncher&) = delete;
    Puncher& operator=(const Puncher&) = delete;

    /// Without a server, nobody can say where we are seen.
    void start(std::vector<PunchPlace> places, const std::optional<Endpoint>& server);
    void add_remote(unsigned component, const Endpoint& remote);

    /// libnice has dropped the stand-ins of a component unheard; there are new ones in their place, and events say so.
    void appear_anew(unsigned component);

    /// The component has its pair: no further connection is made. Those that are there go on.
    void settle(unsigned component);

    /// libnice's sockets have gone.
    void close();

private:
    struct Spot;
    struct Attempt;

    void open(const PunchPlace& place, const std::optional<Endpoint>& server);
    bool listen(Spot& spot);
    void accept(const std::shared_ptr<Spot>& spot);
    void ask_server(const std::shared_ptr<Spot>& spot, const Endpoint& server);
    void take_answer(const std::shared_ptr<Spot>& spot, std::size_t size);
    void seen(const std::shared_ptr<Spot>& spot, std::optional<Endpoint> mapped);
    void attempt(const std::shared_ptr<Spot>& spot, const Endpoint& remote);
    void connect(const std::shared_ptr<Spot>& spot, const std::shared_ptr<Attempt>& attempt);
    PunchedTunnel::Opened says(const Spot& spot, const Endpoint& remote);
    void carry(Spot& spot, asio::ip::tcp::socket socket, const Endpoint& remote);
    static void stop(Spot& spot);

    asio::io_context& context_;
    Options options_;
    Events events_;
    std::list<std::shared_ptr<Spot>> spots_;
    std::vector<std::pair<unsigned, Endpoint>> remotes_; // by component; known before the server's name was, perhaps
    bool closed_ = false;
};

/// What goes with an agent.
class PuncherHandle {
public:
    explicit PuncherHandle(std::shared_ptr<Puncher> puncher) : puncher_(std::move(puncher)) {}
    PuncherHandle(const PuncherHandle&) = delete;
    PuncherHandle& operator=(const PuncherHandle&) = delete;
    ~PuncherHandle() { puncher_->close(); }

    const std::shared_ptr<Puncher>& get() const { return puncher_; }
    Puncher* operator->() const { return puncher_.get(); }

private:
    std::shared_ptr<Puncher> puncher_; // second owner: what it has under way
};

} // namespace jackfield::ice
