// See puncher.hpp.
#include "puncher.hpp"

#include <shared/ice/local_addresses.hpp>
#include <shared/stun/message.hpp>

#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <random>

namespace jackfield::ice {

namespace {

using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr std::size_t kMaxRemotes = 4;                  // of one component that we connect to
constexpr std::size_t kMaxTunnels = 8;                  // and connections of it, whoever has made them
constexpr std::chrono::milliseconds kConnectAgain{250}; // after a refusal: the peer may not be there yet

/// All sockets of a spot have the same port.
void open_at(tcp::socket& socket, const Endpoint& local, asio::error_code& error)
{
    socket.open(tcp::v4(), error);
    if (!error)
        socket.set_option(tcp::socket::reuse_address(true), error);
    if (!error)
        socket.set_option(ReusePort(true), error);
    if (!error)
        socket.bind(to_tcp(local), error);
}

} // namespace

/// One way to the peer's spot.
struct Puncher::Attempt {
    Attempt(asio::io_context& context, const Endpoint& to) : remote(to), socket(context), timer(context) {}

    Endpoint remote;
    tcp::socket socket;
    asio::steady_timer timer;
    bool refused = false;
};

/// One component's port.
struct Puncher::Spot {
    Spot(asio::io_context& context, const PunchPlace& of)
        : place(of), acceptor(context), server(context), deadline(context)
    {}

    PunchPlace place;
    Endpoint local;
    tcp::acceptor acceptor;
    tcp::socket server; // stays open: NATs keep the mapping as long
    std::array<std::uint8_t, shared_stun::kMaxMessageBytes> buffer{};
    shared_stun::TransactionId id{};
    bool said = false;    // what `mapped` has to say
    bool settled = false; // no further connection is wanted
    asio::steady_timer deadline;
    std::vector<std::shared_ptr<Attempt>> attempts;
    std::vector<std::pair<Endpoint, std::shared_ptr<PunchedTunnel>>> tunnels; // by where the peer is
};

Puncher::Puncher(asio::io_context& context, const Options& options, Events events)
    : context_(context), options_(options), events_(std::move(events))
{}

void Puncher::start(std::vector<PunchPlace> places, const std::optional<Endpoint>& server)
{
    asio::post(context_, [self = shared_from_this(), places = std::move(places), server] {
        for (const auto& place : places)
            self->open(place, server);
    });
}

void Puncher::open(const PunchPlace& place, const std::optional<Endpoint>& server)
{
    auto spot = std::make_shared<Spot>(context_, place);
    if (closed_)
        return;
    spots_.push_back(spot);
    const bool sees_us = server && !server->address.is_v6() && source_towards(server->address) == place.host.address;
    if (!sees_us || !listen(*spot))
        return seen(spot, std::nullopt);
    accept(spot);
    ask_server(spot, *server);
    for (const auto& [component, remote] : remotes_) {
        if (component == place.component)
            attempt(spot, remote);
    }
}

bool Puncher::listen(Spot& spot)
{
    const auto try_port = [&](std::uint16_t port) {
        asio::error_code error;
        spot.acceptor.open(tcp::v4(), error);
        spot.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        spot.acceptor.set_option(ReusePort(true), error);
        spot.acceptor.bind(to_tcp({spot.place.host.address, port}), error);
        if (!error)
            spot.acceptor.listen(4, error);
        asio::error_code ignored;
        if (error)
            spot.acceptor.close(ignored);
        else
            spot.local = from_asio(spot.acceptor.local_endpoint());
        return !error;
    };
    // From above: libnice takes its own from below.
    for (std::uint16_t port = options_.ports.last; port > options_.ports.first; --port) {
        const bool taken = std::ranges::any_of(spots_, [&](const auto& other) { return other->local.port == port; });
        if (!taken && try_port(port))
            return true;
    }
    return options_.ports.first == 0 && try_port(0);
}

void Puncher::accept(const std::shared_ptr<Spot>& spot)
{
    spot->acceptor.async_accept([self = shared_from_this(), spot](asio::error_code error, tcp::socket socket) {
        if (!spot->acceptor.is_open())
            return;
        asio::error_code gone;
        const auto from = error ? tcp::endpoint() : socket.remote_endpoint(gone);
        if (!error && !gone)
            self->carry(*spot, std::move(socket), from_asio(from));
        self->accept(spot);
    });
}

void Puncher::ask_server(const std::shared_ptr<Spot>& spot, const Endpoint& server)
{
    asio::error_code error;
    open_at(spot->server, spot->local, error);
    if (error)
        return seen(spot, std::nullopt);
    spot->server.async_connect(to_tcp(server), [self = shared_from_this(), spot](asio::error_code failed) {
        if (failed)
            return self->seen(spot, std::nullopt);
        shared_stun::Message request;
        std::random_device random;
        std::ranges::generate(request.id, [&] { return static_cast<std::uint8_t>(random()); });
        spot->id = request.id;
        // RFC 8489 section 6.2.2: nothing frames it but its own length.
        const auto bytes = std::make_shared<Bytes>(shared_stun::write_message(request, false));
        asio::async_write(spot->server, asio::buffer(*bytes), [bytes](asio::error_code, std::size_t) {});
        asio::async_read(spot->server, asio::buffer(spot->buffer, shared_stun::kHeaderBytes),
                         [self, spot](asio::error_code broken, std::size_t) {
                             const std::size_t rest = static_cast<std::size_t>(spot->buffer[2]) << 8 | spot->buffer[3];
                             if (broken || rest > spot->buffer.size() - shared_stun::kHeaderBytes)
                                 return self->seen(spot, std::nullopt);
                             self->take_answer(spot, rest);
                         });
    });
}

void Puncher::take_answer(const std::shared_ptr<Spot>& spot, std::size_t size)
{
    asio::async_read(spot->server, asio::buffer(spot->buffer.data() + shared_stun::kHeaderBytes, size),
                     [self = shared_from_this(), spot](asio::error_code error, std::size_t count) {
                         const auto answer = error
                                                 ? std::nullopt
                                                 : shared_stun::read_message(
                                                       ByteView(spot->buffer).first(shared_stun::kHeaderBytes + count));
                         const bool good = answer && answer->kind == shared_stun::Class::success &&
                                           answer->method == shared_stun::kBinding && answer->id == spot->id;
                         self->seen(spot, good ? shared_stun::mapped_address(*answer) : std::nullopt);
                     });
}

void Puncher::seen(const std::shared_ptr<Spot>& spot, std::optional<Endpoint> mapped)
{
    if (closed_ || std::exchange(spot->said, true))
        return;
    const bool useful = mapped && !mapped->address.is_v6() && mapped->port != 0;
    events_.mapped(spot->place, useful ? mapped : std::nullopt, spot->local.port);
}

void Puncher::add_remote(unsigned component, const Endpoint& remote)
{
    asio::post(context_, [self = shared_from_this(), component, remote] {
        const auto known = [&](const auto& one) { return one.first == component; };
        if (std::ranges::count_if(self->remotes_, known) >= static_cast<std::ptrdiff_t>(kMaxRemotes))
            return;
        self->remotes_.emplace_back(component, remote);
        for (const auto& spot : self->spots_) {
            if (spot->place.component == component)
                self->attempt(spot, remote);
        }
    });
}

void Puncher::attempt(const std::shared_ptr<Spot>& spot, const Endpoint& remote)
{
    if (!spot->acceptor.is_open() || spot->settled || spot->attempts.size() >= kMaxRemotes)
        return;
    if (spot->attempts.empty()) {
        spot->deadline.expires_after(options_.limit);
        spot->deadline.async_wait([self = shared_from_this(), spot](asio::error_code error) {
            if (!error)
                stop(*spot);
        });
    }
    auto attempt = std::make_shared<Attempt>(context_, remote);
    spot->attempts.push_back(attempt);
    connect(spot, attempt);
}

/// The first of two SYNs is lost at the other one's NAT, which lets in nobody whom nobody has spoken to. The second
/// meets a socket that has sent one, too: a simultaneous open (RFC 9293 section 3.5). Where there is no NAT, it meets a
/// listener.
void Puncher::connect(const std::shared_ptr<Spot>& spot, const std::shared_ptr<Attempt>& attempt)
{
    const bool connected =
        std::ranges::any_of(spot->tunnels, [&](const auto& one) { return one.first == attempt->remote; });
    if (connected || spot->settled || closed_)
        return;
    asio::error_code error;
    open_at(attempt->socket, spot->local, error);
    if (error)
        return;
    attempt->socket.async_connect(to_tcp(attempt->remote),
                                  [self = shared_from_this(), spot, attempt](asio::error_code failed) {
                                      if (!attempt->socket.is_open())
                                          return; // stopped
                                      if (!failed)
                                          return self->carry(*spot, std::move(attempt->socket), attempt->remote);
                                      if (failed == asio::error::connection_refused && self->events_.refused &&
                                          !std::exchange(attempt->refused, true))
                                          self->events_.refused(spot->place.component, attempt->remote);
                                      asio::error_code ignored;
                                      attempt->socket.close(ignored);
                                      attempt->timer.expires_after(kConnectAgain);
                                      attempt->timer.async_wait([self, spot, attempt](asio::error_code cancelled) {
                                          if (!cancelled)
                                              self->connect(spot, attempt);
                                      });
                                  });
}

void Puncher::carry(Spot& spot, tcp::socket socket, const Endpoint& remote)
{
    if (closed_ || spot.settled || spot.tunnels.size() >= kMaxTunnels)
        return;
    const auto side = options_.controlling ? StreamSide::listens : StreamSide::connects;
    auto tunnel = options_.stream ? make_stream_tunnel(std::move(socket), spot.place.host, side)
                                  : make_datagram_tunnel(std::move(socket), spot.place.host);
    spot.tunnels.emplace_back(remote, tunnel);
    tunnel->start(says(spot, remote));
}

PunchedTunnel::Opened Puncher::says(const Spot& spot, const Endpoint& remote)
{
    return [this, component = spot.place.component, remote](const Endpoint& stand_in) {
        events_.punched(component, remote, stand_in);
    };
}

void Puncher::appear_anew(unsigned component)
{
    asio::post(context_, [self = shared_from_this(), component] {
        for (const auto& spot : self->spots_) {
            if (spot->place.component != component || spot->settled)
                continue;
            for (const auto& [remote, tunnel] : spot->tunnels)
                tunnel->appear_anew(self->says(*spot, remote));
        }
    });
}

void Puncher::stop(Spot& spot)
{
    spot.settled = true;
    spot.deadline.cancel();
    asio::error_code ignored;
    spot.acceptor.close(ignored);
    spot.server.close(ignored);
    for (const auto& attempt : std::exchange(spot.attempts, {})) {
        attempt->timer.cancel();
        attempt->socket.close(ignored);
    }
}

void Puncher::settle(unsigned component)
{
    asio::post(context_, [self = shared_from_this(), component] {
        for (const auto& spot : self->spots_) {
            if (spot->place.component == component)
                stop(*spot);
        }
    });
}

void Puncher::close()
{
    asio::post(context_, [self = shared_from_this()] {
        self->closed_ = true;
        for (const auto& spot : std::exchange(self->spots_, {})) {
            stop(*spot);
            for (const auto& [remote, tunnel] : spot->tunnels)
                tunnel->finish();
        }
    });
}

} // namespace jackfield::ice
