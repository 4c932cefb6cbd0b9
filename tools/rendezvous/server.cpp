// The server. See server.hpp.
#include "tools/rendezvous/server.hpp"

#include "tools/rendezvous/http_requests.hpp"
#include "tools/rendezvous/redis_store.hpp"
#include "tools/rendezvous/sqlite_store.hpp"

#include <Poco/Net/HTTPServerConnection.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/ThreadPool.h>

namespace jackfield::rendezvous {

namespace {

using namespace Poco::Net;

constexpr int kThreadsForRefusals = 16; // more than there may be connections: who is too many hears it
constexpr int kWaitingConnections = 256;
constexpr auto kGoodbye = std::chrono::milliseconds(500);

/// Without its port. A client that has gone already has none.
std::string address_of(const StreamSocket& socket)
{
    try {
        return RateLimits::address_of(socket.peerAddress().host().toString());
    } catch (const Poco::Exception&) {
        return "nobody";
    }
}

class Connection final : public TCPServerConnection {
public:
    Connection(const StreamSocket& socket, Services services)
        : TCPServerConnection(socket),
          services_(services),
          address_(address_of(socket)),
          seat_(services.rates, address_)
    {}

    void run() override
    {
        std::optional<Deadlines::Guard> deadline;
        deadline.emplace(services_.deadlines, socket().impl()->sockfd(), services_.desk.limits().request_time);
        Caller caller{address_, seat_.place(), deadline};
        HTTPServerParams::Ptr parameters = new HTTPServerParams;
        parameters->setKeepAlive(false);
        parameters->setTimeout(Poco::Timespan(60, 0)); // the deadline is earlier
        const HTTPRequestHandlerFactory::Ptr requests = new HttpRequests(services_, caller);
        try {
            HTTPServerConnection(socket(), parameters, requests).run();
        } catch (const Poco::Exception&) {
            return; // the client has gone; there is nobody to tell
        }
    }

private:
    Services services_;
    const std::string address_;
    RateLimits::Seat seat_;
};

class Connections final : public TCPServerConnectionFactory {
public:
    explicit Connections(Services services) : services_(services) {}
    TCPServerConnection* createConnection(const StreamSocket& socket) override
    {
        return new Connection(socket, services_); // Poco deletes it
    }

private:
    Services services_;
};

std::unique_ptr<Store> open_store(const std::string& where, const Limits& limits, Store::Ears ears)
{
    if (where.starts_with("redis://"))
        return std::make_unique<RedisStore>(parse_redis_address(where), limits, std::move(ears));
    return std::make_unique<SqliteStore>(where, limits, std::move(ears));
}

ServerSocket listen_at(const std::string& bind, std::uint16_t port)
{
    try {
        const SocketAddress address(Poco::Net::IPAddress::parse(bind), port);
        ServerSocket socket;
        address.family() == SocketAddress::IPv6 ? socket.bind6(address, true, false) : socket.bind(address, true);
        socket.listen(kWaitingConnections);
        return socket;
    } catch (const Poco::Exception& wrong) {
        throw AddressRefused("cannot listen at " + bind + ", port " + std::to_string(port) + ": " +
                             wrong.displayText() +
                             "; a numeric address of this machine and another port, or 0 for any, would work");
    }
}

} // namespace

struct Server::Inside {
    explicit Inside(const Options& options)
        : limits(options.limits),
          rates(limits),
          store(open_store(options.store, limits,
                           {[this](const std::string& key, const std::string& value) { hub.tell(key, value); },
                            [this] { hub.cut_all(); }})),
          desk(*store, rates, limits),
          threads("rendezvous", 2, static_cast<int>(limits.connections) + kThreadsForRefusals + 1),
          socket(listen_at(options.bind, options.port))
    {
        TCPServerParams::Ptr parameters = new TCPServerParams;
        parameters->setMaxThreads(static_cast<int>(limits.connections) + kThreadsForRefusals);
        parameters->setMaxQueued(kWaitingConnections);
        server =
            std::make_unique<TCPServer>(new Connections({desk, hub, deadlines, rates}), threads, socket, parameters);
        server->start();
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

    ~Inside()
    {
        socket.impl()->shutdownReceive(); // wakes the thread that accepts, which would sleep up to 250 ms more
        server->stop();
        hub.close();
        deadlines.hurry(kGoodbye);
        threads.joinAll();
        server.reset();
    }

    const Limits limits;
    Hub hub;
    Deadlines deadlines;
    RateLimits rates;
    std::unique_ptr<Store> store;
    Desk desk;
    Poco::ThreadPool threads;
    ServerSocket socket;
    std::unique_ptr<TCPServer> server;
};

Server::Server(const Options& options) : inside_(std::make_unique<Inside>(options))
{}

Server::~Server() = default;

std::string Server::listening() const
{
    return inside_->socket.address().toString();
}

std::uint16_t Server::port() const
{
    return inside_->socket.address().port();
}

const Store& Server::store() const
{
    return *inside_->store;
}

} // namespace jackfield::rendezvous
