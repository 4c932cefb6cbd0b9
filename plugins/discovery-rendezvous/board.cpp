// The board as the plugin sees it. See board.hpp.
#include "board.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace discovery_rendezvous {

using boost::system::error_code;
using jackfield::rendezvous::Op;
namespace asio = boost::asio;

Board::Board(Options options, StateEvent on_state)
    : options_(std::move(options)), on_state_(std::move(on_state)), work_(asio::make_work_guard(context_))
{
    for (const Server& server : options_.servers) {
        links_.push_back(std::make_unique<Link>(
            context_, server,
            Link::Events{[this](Link& link) { on_up(link); }, [this](Link& link) { on_down(link); },
                         [this](Link& link, const Reply& reply) { on_reply(link, reply); },
                         [this](Link&, const Value& value) { on_value(value); },
                         [this](Link& link) { on_again(link); }}));
        servers_.push_back({links_.back()->name(), false, links_.back()->why()});
    }
}

Board::~Board()
{
    context_.stop();
    if (thread_.joinable())
        thread_.join();
}

template <class Task>
void Board::post(Task task)
{
    asio::post(context_, [this, task = std::move(task)]() mutable {
        if (!closed_)
            task();
    });
}

void Board::open()
{
    post([this] {
        for (const auto& link : links_)
            link->open();
    });
    thread_ = std::thread([this] { context_.run(); });
}

void Board::close(std::function<void()> done)
{
    if (!thread_.joinable())
        return done();
    asio::post(context_, [this, done = std::move(done)] {
        closed_ = true;
        for (const auto& link : links_)
            link->close();
        for (auto& [id, operation] : operations_) {
            operation.limit.cancel();
            finish(operation, JF_CLOSED, "discovery was stopped");
        }
        operations_.clear();
        listeners_.clear();
        work_.reset();
        done();
    });
}

// --- what is asked for ----------------------------------------------------------------------------------------------

Board::Operation& Board::begin(Request request, End end)
{
    request.id = ++last_id_;
    Operation& operation = operations_.try_emplace(operations_.end(), request.id, context_, links_.size())->second;
    operation.request = std::move(request);
    operation.end = std::move(end);
    return operation;
}

void Board::put(Put put, End end)
{
    post([this, put = std::move(put), end = std::move(end)]() mutable {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(put.lifetime);
        Request request{Op::put,
                        0,
                        std::move(put.key),
                        std::move(put.value),
                        static_cast<std::uint32_t>(seconds.count()),
                        std::move(put.slot)};
        replace_slot(request);
        make_room();
        Operation& operation = begin(std::move(request), std::move(end));
        const std::uint64_t id = operation.request.id;
        operation.limit.expires_after(put.lifetime);
        operation.limit.async_wait([this, id](error_code cancelled) {
            if (!cancelled)
                expire(id);
        });
        ask_all(id);
    });
}

void Board::replace_slot(const Request& request)
{
    if (request.slot.empty())
        return;
    for (auto at = operations_.begin(); at != operations_.end(); ++at) {
        Operation& old = at->second;
        if (old.request.op != Op::put || old.request.slot != request.slot || old.request.key != request.key)
            continue;
        finish(old, JF_CANCELLED, "another put has taken its place");
        operations_.erase(at);
        return;
    }
}

/// Those that have ended for the caller go first; none that the caller waits for is given up silently.
void Board::make_room()
{
    if (operations_.size() < kMostPuts + listeners_.size())
        return;
    auto oldest = std::ranges::find_if(operations_, [](const auto& one) {
        return one.second.request.op == Op::put && one.second.request.slot.empty() && !one.second.end;
    });
    if (oldest == operations_.end())
        oldest = std::ranges::find_if(operations_, [](const auto& one) { return one.second.request.op != Op::listen; });
    if (oldest == operations_.end())
        return;
    finish(oldest->second, JF_EXHAUSTED, "too many operations wait for the servers");
    operations_.erase(oldest);
}

void Board::get(std::string key, Values values, End end)
{
    post([this, key = std::move(key), values = std::move(values), end = std::move(end)]() mutable {
        make_room();
        Operation& operation = begin({Op::get, 0, std::move(key)}, std::move(end));
        const std::uint64_t id = operation.request.id;
        operation.values = std::move(values);
        operation.problem = "no server can be reached";
        operation.limit.expires_after(kGetLimit);
        operation.limit.async_wait([this, id](error_code cancelled) {
            if (!cancelled)
                expire(id);
        });
        ask_all(id);
    });
}

void Board::listen(std::string key, Values values)
{
    post([this, key = std::move(key), values = std::move(values)]() mutable {
        listeners_[key] = std::move(values);
        if (const auto old = listen_of_.find(key); old != listen_of_.end())
            operations_.erase(old->second);
        Operation& operation = begin({Op::listen, 0, key}, {});
        listen_of_[key] = operation.request.id;
        ask_all(operation.request.id);
    });
}

void Board::unlisten(std::string key)
{
    post([this, key = std::move(key)] {
        listeners_.erase(key);
        if (const auto old = listen_of_.find(key); old != listen_of_.end()) {
            operations_.erase(old->second);
            listen_of_.erase(old);
        }
        for (const auto& link : links_)
            link->send({Op::unlisten, ++last_id_, key});
    });
}

void Board::look_again()
{
    post([this] {
        for (const auto& link : links_)
            link->look_again();
    });
}

// --- what becomes of it ---------------------------------------------------------------------------------------------

std::size_t Board::number_of(const Link& link) const
{
    const auto found = std::ranges::find_if(links_, [&](const auto& one) { return one.get() == &link; });
    return static_cast<std::size_t>(found - links_.begin());
}

void Board::ask(std::uint64_t id, std::size_t server)
{
    Operation& operation = operations_.at(id);
    if (!links_[server]->is_up() || operation.at[server] != At::due)
        return;
    operation.at[server] = At::asked;
    Request request = operation.request;
    if (request.op == Op::put) { // what is left of its life
        const auto left = operation.limit.expiry() - std::chrono::steady_clock::now();
        request.ttl_s = static_cast<std::uint32_t>(
            std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(left).count(), 1));
    }
    links_[server]->send(request);
}

void Board::ask_all(std::uint64_t id)
{
    for (std::size_t server = 0; server < links_.size(); ++server)
        ask(id, server);
}

void Board::expire(std::uint64_t id)
{
    const auto found = operations_.find(id);
    if (found == operations_.end())
        return;
    finish(found->second, JF_TIMEOUT, "no server has answered in time");
    operations_.erase(found);
}

void Board::finish(Operation& operation, jackfield::Status status, std::string_view why)
{
    if (const End end = std::exchange(operation.end, {}))
        end(status, why);
}

void Board::on_reply(Link& link, const Reply& reply)
{
    const auto found = operations_.find(reply.id);
    if (found == operations_.end())
        return;
    Operation& operation = found->second;
    At& at = operation.at[number_of(link)];
    if (at != At::asked)
        return;
    if (reply.code == Code::too_many_requests || reply.code == Code::unavailable) {
        at = At::due;
        return link.start_over(std::chrono::milliseconds(reply.retry_ms));
    }
    at = At::done;
    if (reply.code == Code::ok)
        ++operation.succeeded;
    else
        operation.problem = link.name() + ": " + std::to_string(static_cast<int>(reply.code)) + " " + reply.text;
    settle(reply.id);
}

/// A put has succeeded when one server has it. A get is over when every server that can be reached has answered.
void Board::settle(std::uint64_t id)
{
    const auto found = operations_.find(id);
    if (found == operations_.end() || found->second.request.op == Op::listen)
        return;
    Operation& operation = found->second;
    const bool put = operation.request.op == Op::put;
    if (put && operation.succeeded > 0)
        finish(operation, JF_OK, {});
    for (std::size_t server = 0; server < links_.size(); ++server) {
        if (operation.at[server] != At::done && (put || links_[server]->is_up()))
            return;
    }
    if (operation.succeeded > 0)
        finish(operation, JF_OK, {});
    else if (put || std::ranges::count(operation.at, At::done) > 0)
        finish(operation, put ? JF_EXHAUSTED : JF_REFUSED, operation.problem);
    else
        return;                                               // no server is up: it waits for one, until its limit
    const bool keep = put && !operation.request.slot.empty(); // a server that forgets gets it again
    if (!keep)
        operations_.erase(found);
}

void Board::on_value(const Value& value)
{
    if (!value.id) {
        if (const auto listener = listeners_.find(value.key); listener != listeners_.end())
            listener->second(value.value);
        return;
    }
    const auto found = operations_.find(*value.id);
    if (found != operations_.end() && found->second.values)
        found->second.values(value.value);
}

// --- the servers come and go ----------------------------------------------------------------------------------------

/// The server may have forgotten everything. Listens come first, so that no answer to a put is missed.
void Board::on_up(Link& link)
{
    const std::size_t server = number_of(link);
    for (const bool listens : {true, false}) {
        for (auto& [id, operation] : operations_) {
            if ((operation.request.op == Op::listen) != listens)
                continue;
            if (listens || !operation.request.slot.empty())
                operation.at[server] = At::due;
            ask(id, server);
        }
    }
    tell_state();
}

void Board::on_down(Link& link)
{
    const std::size_t server = number_of(link);
    std::vector<std::uint64_t> gets;
    for (auto& [id, operation] : operations_) {
        if (operation.at[server] == At::asked)
            operation.at[server] = At::due;
        if (operation.request.op == Op::get)
            gets.push_back(id);
    }
    for (const std::uint64_t id : gets)
        settle(id); // the others may all have answered
    tell_state();
}

void Board::on_again(Link& link)
{
    for (auto& [id, operation] : operations_)
        ask(id, number_of(link));
}

void Board::tell_state()
{
    std::string up;
    std::string problem;
    {
        const std::lock_guard lock(mutex_);
        for (std::size_t server = 0; server < links_.size(); ++server) {
            const Link& link = *links_[server];
            servers_[server] = {link.name(), link.is_up(), link.is_up() ? "" : link.why()};
            if (link.is_up())
                up += (up.empty() ? "" : ", ") + link.name();
            else
                problem = problem.empty() ? link.why() : problem;
        }
    }
    const std::string detail = up.empty() ? problem : "connected to " + up;
    if (std::exchange(told_, detail) != detail)
        on_state_(!up.empty(), detail);
}

std::vector<Board::ServerState> Board::servers() const
{
    const std::lock_guard lock(mutex_);
    return servers_;
}

} // namespace discovery_rendezvous
