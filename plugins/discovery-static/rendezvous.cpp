// The board between neighbours. See rendezvous.hpp.

#include "rendezvous.hpp"

#include <asio/connect.hpp>
#include <asio/post.hpp>

#include <algorithm>

namespace discovery_static {

namespace {

using asio::ip::tcp;
using jackfield::Failure;

constexpr std::size_t kMostIncoming = 64;
constexpr std::size_t kMostFromOneAddress = 8;
constexpr auto kConnectLimit = std::chrono::seconds(3);
constexpr auto kFirstRetry = std::chrono::milliseconds(500);
constexpr auto kLastRetry = std::chrono::seconds(10);

} // namespace

Rendezvous::Rendezvous(Options options)
    : options_(std::move(options)), work_(asio::make_work_guard(context_)), acceptor_(context_)
{}

Rendezvous::~Rendezvous()
{
    context_.stop();
    if (thread_.joinable())
        thread_.join();
}

void Rendezvous::open()
{
    const auto [host, port] = split(options_.listen);
    asio::error_code failed;
    const auto address = asio::ip::make_address(host, failed);
    if (failed || std::stoul(port) > 65535)
        throw Failure(JF_BAD_CONFIG,
                      "/listen: \"" + options_.listen + "\" is no address and port; \"0.0.0.0:4300\" would work");
    const tcp::endpoint wanted(address, static_cast<std::uint16_t>(std::stoul(port)));
    acceptor_.open(wanted.protocol(), failed);
    if (!failed)
        acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed)
        acceptor_.bind(wanted, failed);
    if (!failed)
        acceptor_.listen(static_cast<int>(kMostIncoming), failed);
    if (failed)
        throw Failure(JF_BUSY, "cannot listen on " + options_.listen + ": " + failed.message() +
                                   "; another port, or 0 for any, would work");
    listening_ = text_of(acceptor_.local_endpoint());
    accept();
    thread_ = std::thread([this] { context_.run(); });
}

void Rendezvous::close(std::function<void()> done)
{
    asio::post(context_, [this, done = std::move(done)] {
        closed_ = true;
        asio::error_code ignored;
        acceptor_.close(ignored);
        const auto connections = connections_;
        for (const auto& connection : connections)
            connection->close();
        done();
    });
}

// --- connections ----------------------------------------------------------------------------------------------------

void Rendezvous::accept()
{
    acceptor_.async_accept([this](asio::error_code failed, tcp::socket socket) {
        if (closed_)
            return;
        if (!failed)
            admit(std::move(socket));
        accept();
    });
}

void Rendezvous::admit(tcp::socket socket)
{
    asio::error_code failed;
    const auto address = socket.remote_endpoint(failed).address().to_string();
    const auto from_there = static_cast<std::size_t>(std::ranges::count_if(
        incoming_, [&](const auto* connection) { return connection->peer_address() == address; }));
    if (failed || incoming_.size() >= kMostIncoming || from_there >= kMostFromOneAddress)
        return; // the socket closes
    incoming_.insert(make(std::move(socket), address).get());
}

Rendezvous::ConnectionPtr Rendezvous::make(tcp::socket socket, std::string address)
{
    auto connection = std::make_shared<Connection>(
        std::move(socket), std::move(address),
        Connection::Events{[this](Connection& from, Frame frame) { on_frame(from, std::move(frame)); },
                           [this](Connection& gone) { on_closed(gone); }});
    connections_.insert(connection);
    connection->start();
    return connection;
}

/// A connection to a configured peer, the one that is open or a new one.
void Rendezvous::reach(const std::string& address, Reached then)
{
    auto& neighbour = neighbours_[address];
    if (neighbour.connection)
        return then(neighbour.connection, {});
    neighbour.waiting.push_back(std::move(then));
    if (!std::exchange(neighbour.connecting, true))
        connect(address);
}

void Rendezvous::connect(const std::string& address)
{
    struct Attempt {
        explicit Attempt(asio::io_context& context) : resolver(context), socket(context), limit(context) {}
        tcp::resolver resolver;
        tcp::socket socket;
        asio::steady_timer limit;
        bool over = false;
    };
    const auto attempt = std::make_shared<Attempt>(context_);
    const auto end = [this, attempt, address](asio::error_code failed) {
        if (std::exchange(attempt->over, true))
            return;
        attempt->limit.cancel();
        attempt->resolver.cancel();
        if (failed || closed_)
            return reached(address, nullptr, address + ": " + (failed ? failed.message() : "closed here"));
        asio::error_code no_peer;
        const auto peer = attempt->socket.remote_endpoint(no_peer).address().to_string();
        reached(address, make(std::move(attempt->socket), peer), {});
    };
    attempt->limit.expires_after(kConnectLimit);
    attempt->limit.async_wait([end](asio::error_code cancelled) {
        if (!cancelled)
            end(asio::error::timed_out);
    });
    const auto [host, port] = split(address);
    attempt->resolver.async_resolve(host, port, [attempt, end](asio::error_code failed, const auto& endpoints) {
        if (failed || attempt->over)
            return end(failed);
        asio::async_connect(attempt->socket, endpoints, [end](asio::error_code refused, const auto&) { end(refused); });
    });
}

void Rendezvous::reached(const std::string& address, const ConnectionPtr& connection, const std::string& problem)
{
    auto& neighbour = neighbours_[address];
    neighbour.connecting = false;
    neighbour.connection = connection;
    neighbour.failures = connection ? 0 : neighbour.failures + 1;
    for (const auto& then : std::exchange(neighbour.waiting, {}))
        then(connection, problem);
}

void Rendezvous::on_closed(Connection& gone)
{
    incoming_.erase(&gone);
    std::erase_if(connections_, [&](const auto& connection) { return connection.get() == &gone; });
    for (auto& [address, neighbour] : neighbours_) {
        if (neighbour.connection.get() == &gone)
            neighbour.connection.reset();
    }
    std::vector<Asked> unanswered;
    for (auto at = asked_.begin(); at != asked_.end();) {
        if (at->first.first != &gone) {
            ++at;
            continue;
        }
        std::ranges::move(at->second, std::back_inserter(unanswered));
        at = asked_.erase(at);
    }
    for (const auto& one : unanswered)
        one.end(JF_UNREACHABLE, "the peer closed the connection");
    if (closed_)
        return;
    for (const auto& [account, address] : options_.peers) {
        if (listeners_.contains(account))
            ask_listened(account); // nothing happens if its connection is still there
    }
}

// --- the board ------------------------------------------------------------------------------------------------------

void Rendezvous::on_frame(Connection& from, Frame frame)
{
    const auto asked = asked_.find({&from, frame.key});
    const auto listener = listeners_.find(frame.key);
    switch (frame.type) {
    case FrameType::get:
        if (const auto kept = kept_.find(frame.key); kept != kept_.end())
            from.send({FrameType::value, frame.key, kept->second});
        from.send({FrameType::end, frame.key, {}});
        break;
    case FrameType::value:
        if (asked != asked_.end())
            asked->second.front().values(frame.value);
        else if (listener != listeners_.end())
            listener->second(frame.value);
        break;
    case FrameType::end:
        if (asked != asked_.end()) {
            const Asked first = std::move(asked->second.front());
            asked->second.erase(asked->second.begin());
            if (asked->second.empty())
                asked_.erase(asked);
            first.end(JF_OK, {});
        }
        break;
    case FrameType::put:
        if (listener != listeners_.end())
            listener->second(frame.value); // for nobody here: dropped
        break;
    }
}

void Rendezvous::put(std::string key, jackfield::Bytes value, bool keep, End end)
{
    asio::post(context_, [this, key = std::move(key), value = std::move(value), keep, end = std::move(end)]() mutable {
        if (keep) {
            kept_[key] = value;
            for (const auto& connection : connections_)
                connection->send({FrameType::put, key, value});
            return end(JF_OK, {});
        }
        push({FrameType::put, std::move(key), std::move(value)}, std::move(end));
    });
}

/// To everybody we know a way to: it is sealed, and only the one it is for can open it. Done when the first has it.
void Rendezvous::push(const Frame& frame, End end)
{
    struct Push {
        std::size_t left;
        bool done = false;
        std::string problem = "no peer is configured, and nobody is connected to us";
    };
    const auto push = std::make_shared<Push>(Push{options_.peers.size() + incoming_.size()});
    const auto one = [push, end](bool sent, const std::string& problem) {
        if (!sent)
            push->problem = problem;
        --push->left;
        if (sent && !std::exchange(push->done, true))
            end(JF_OK, {});
        else if (push->left == 0 && !push->done)
            end(JF_UNREACHABLE, push->problem);
    };
    if (push->left == 0)
        return end(JF_UNREACHABLE, push->problem);
    for (auto* connection : std::set(incoming_)) {
        connection->send(frame);
        one(true, {});
    }
    for (const auto& [account, address] : options_.peers) {
        reach(address, [frame, one](const ConnectionPtr& connection, const std::string& problem) {
            if (connection)
                connection->send(frame);
            one(connection != nullptr, problem);
        });
    }
}

void Rendezvous::get(std::string key, Values values, End end)
{
    asio::post(context_, [this, key = std::move(key), values = std::move(values), end = std::move(end)] {
        const auto peer = options_.peers.find(key);
        if (peer == options_.peers.end())
            return end(JF_NOT_FOUND, "account " + key + " is not among the configured peers");
        reach(peer->second, [this, key, values, end](const ConnectionPtr& connection, const std::string& problem) {
            if (!connection)
                return end(JF_UNREACHABLE, problem);
            asked_[{connection.get(), key}].push_back({values, end});
            connection->send({FrameType::get, key, {}});
        });
    });
}

void Rendezvous::listen(std::string key, Values values)
{
    asio::post(context_, [this, key = std::move(key), values = std::move(values)] {
        listeners_[key] = values;
        if (options_.peers.contains(key))
            ask_listened(key);
    });
}

void Rendezvous::unlisten(std::string key)
{
    asio::post(context_, [this, key = std::move(key)] { listeners_.erase(key); });
}

/// Keeps a connection to a peer whose presence somebody watches, and asks for its announcement whenever it is new.
void Rendezvous::ask_listened(const std::string& account)
{
    const std::string address = options_.peers.at(account);
    if (neighbours_[address].connection || neighbours_[address].connecting)
        return;
    reach(address, [this, account, address](const ConnectionPtr& connection, const std::string&) {
        if (!listeners_.contains(account) || closed_)
            return;
        if (connection)
            return connection->send({FrameType::get, account, {}});
        const auto wait = std::min<std::chrono::milliseconds>(
            kFirstRetry * (1 << std::min(neighbours_[address].failures, 5)), kLastRetry);
        const auto timer = std::make_shared<asio::steady_timer>(context_, wait);
        timer->async_wait([this, account, timer](asio::error_code cancelled) {
            if (!cancelled && !closed_ && listeners_.contains(account))
                ask_listened(account);
        });
    });
}

} // namespace discovery_static
