// In the order in which it happens: listen, attempt, greet, take a connection, stop.
//
// Threads: see component.hpp.
#include "stream_component.hpp"

#include <asio/post.hpp>

#include <algorithm>

namespace jackfield::direct {

namespace {
constexpr std::size_t kMostGuests = 8; // connections that others made and that have not shown whom they mean
constexpr auto kPause = std::chrono::milliseconds(100);
} // namespace

std::shared_ptr<Component> make_stream_component(asio::io_context& context, ComponentSetup setup,
                                                 ComponentEvents events)
{
    return std::make_shared<StreamComponent>(context, std::move(setup), std::move(events));
}

StreamComponent::StreamComponent(asio::io_context& context, ComponentSetup setup, ComponentEvents events)
    : Component(std::move(setup), std::move(events)), context_(context), attempt_(context), deadline_(context)
{}

std::vector<ice::Candidate> StreamComponent::open(const std::vector<ice::IpAddress>& addresses)
{
    // The path outlives us while it says goodbye; it must not keep us, and we are asked whether we still are.
    path_ = std::make_shared<StreamPath>(context_, setup_.host,
                                         [weak = weak_from_this()](Status status, const std::string& text) {
                                             if (const auto self = weak.lock())
                                                 self->fail(status, self->setup_.name + ": " + text);
                                         });
    for (const auto& address : addresses) {
        auto acceptor = open_acceptor(context_, address, setup_.options);
        ice::Candidate candidate;
        candidate.component = setup_.number;
        candidate.transport = ice::Transport::tcp_passive;
        candidate.address = address;
        candidate.port = acceptor.local_endpoint().port();
        acceptors_.push_back(std::move(acceptor));
        locals_.push_back(candidate);
    }
    asio::post(context_, [self = shared_from_this()] {
        for (std::size_t acceptor = 0; acceptor < self->acceptors_.size(); ++acceptor)
            self->accept(acceptor);
    });
    return locals_;
}

void StreamComponent::accept(std::size_t acceptor)
{
    acceptors_[acceptor].async_accept(
        [self = shared_from_this(), acceptor](asio::error_code failed, tcp::socket socket) {
            if (self->settled_ || failed == asio::error::operation_aborted)
                return;
            if (failed) // no descriptor is left, most likely: not again at once
                return self->accept_later(acceptor);
            const auto guests = std::count_if(self->handshakes_.begin(), self->handshakes_.end(),
                                              [](const auto& handshake) { return !handshake->made(); });
            if (static_cast<std::size_t>(guests) < kMostGuests)
                self->greet(std::move(socket), false, std::nullopt);
            self->accept(acceptor);
        });
}

void StreamComponent::accept_later(std::size_t acceptor)
{
    const auto pause = std::make_shared<asio::steady_timer>(context_, kPause);
    pause->async_wait([self = shared_from_this(), acceptor, pause](asio::error_code) {
        if (!self->settled_)
            self->accept(acceptor);
    });
}

void StreamComponent::set_remote_password(std::string password)
{
    asio::post(context_, [self = shared_from_this(), password = std::move(password)] {
        self->remote_password_ = password;
        const auto guests = self->handshakes_; // one of them may be taken meanwhile
        for (const auto& handshake : guests)
            handshake->set_remote_password(password);
    });
}

void StreamComponent::add_remote(std::vector<ice::Candidate> candidates)
{
    asio::post(context_, [self = shared_from_this(), candidates = std::move(candidates)] {
        if (self->settled_)
            return;
        const bool all_tried = self->next_target_ == self->targets_.size();
        for (const auto& candidate : candidates)
            self->targets_.push_back({candidate, {}});
        self->start_deadline();
        if (all_tried)
            self->try_next();
    });
}

/// The next address; when all were tried, from the beginning: a listener may be about to start, or a firewall to open.
void StreamComponent::try_next()
{
    if (settled_ || targets_.empty() || remote_password_.empty())
        return;
    if (next_target_ < targets_.size())
        connect(next_target_++);
    else if (under_way_ != 0)
        return;
    else
        next_target_ = 0;
    attempt_.expires_after(setup_.options.attempt_delay);
    attempt_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
        if (!cancelled)
            self->try_next();
    });
}

void StreamComponent::connect(std::size_t target)
{
    const auto& candidate = targets_[target].candidate;
    const tcp::endpoint remote(to_asio(candidate.address), candidate.port);
    const auto socket = std::make_shared<tcp::socket>(context_);
    asio::error_code failed;
    socket->open(remote.protocol(), failed);
    if (!setup_.options.local.addresses.empty() || !setup_.options.local.interfaces.empty()) {
        const auto local = std::find_if(locals_.begin(), locals_.end(), [&](const ice::Candidate& one) {
            return one.address.is_v6() == candidate.address.is_v6();
        });
        if (local == locals_.end())
            failed = asio::error::address_family_not_supported;
        else if (!failed)
            socket->bind(tcp::endpoint(to_asio(local->address), 0), failed);
    }
    ++under_way_;
    connecting_.push_back(socket);
    if (failed) {
        asio::post(context_,
                   [self = shared_from_this(), target, socket, failed] { self->connected(target, socket, failed); });
        return;
    }
    socket->async_connect(remote, [self = shared_from_this(), target, socket](asio::error_code result) {
        self->connected(target, socket, result);
    });
}

void StreamComponent::connected(std::size_t target, const std::shared_ptr<tcp::socket>& socket, asio::error_code failed)
{
    std::erase(connecting_, socket);
    if (settled_)
        return;
    if (failed)
        attempt_failed(target, failed.message());
    else
        greet(std::move(*socket), true, target);
}

void StreamComponent::attempt_failed(std::size_t target, const std::string& why)
{
    --under_way_;
    targets_[target].problem = why;
    try_next(); // without delay, RFC 8305 section 5
}

void StreamComponent::greet(tcp::socket socket, bool made, std::optional<std::size_t> target)
{
    tune(socket, setup_.options);
    const auto handshake = std::make_shared<Handshake>(
        std::move(socket), setup_, made,
        Handshake::Events{
            [self = shared_from_this(), target](const std::shared_ptr<Handshake>& one) { self->chosen(one, target); },
            [self = shared_from_this(), target](const std::shared_ptr<Handshake>& one, const std::string& why) {
                self->forget(one);
                if (target && !self->settled_)
                    self->attempt_failed(*target, why);
            }});
    handshakes_.push_back(handshake);
    handshake->start(remote_password_);
}

void StreamComponent::chosen(const std::shared_ptr<Handshake>& handshake, std::optional<std::size_t> target)
{
    if (settled_)
        return;
    if (setup_.controlling)
        handshake->choose();
    forget(handshake);
    tcp::socket socket = handshake->take_socket();
    asio::error_code failed;
    const auto local = socket.local_endpoint(failed);
    const auto remote = socket.remote_endpoint(failed);
    handshake->stop();
    if (failed) { // it is gone already
        if (target)
            attempt_failed(*target, failed.message());
        return;
    }
    hush();
    ice::Candidate ours; // of a connection that we made: an active one, RFC 6544 section 4.5
    ours.component = setup_.number;
    ours.transport = handshake->made() ? ice::Transport::tcp_active : ice::Transport::tcp_passive;
    ours.address = from_asio(local.address());
    ours.port = local.port();
    ice::Candidate theirs = ours;
    theirs.transport = ice::Transport::tcp_active;
    theirs.address = from_asio(remote.address());
    theirs.port = remote.port();
    theirs.type = ice::CandidateType::peer_reflexive;
    const std::int64_t round_trip = round_trip_ns(socket);
    path_->take(std::move(socket));
    if (!silenced_)
        events_.selected(ours, target ? targets_[*target].candidate : theirs, round_trip);
}

void StreamComponent::forget(const std::shared_ptr<Handshake>& handshake)
{
    std::erase(handshakes_, handshake);
}

void StreamComponent::start_deadline()
{
    if (targets_.empty() || deadline_.expiry() != std::chrono::steady_clock::time_point())
        return;
    deadline_.expires_after(setup_.options.connect_timeout);
    deadline_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
        if (cancelled || self->settled_)
            return;
        std::vector<std::string> tried;
        for (const auto& target : self->targets_)
            tried.push_back(text_of(to_asio(target.candidate.address), target.candidate.port) +
                            (target.problem.empty() ? "" : " (" + target.problem + ")"));
        self->fail(JF_TIMEOUT, self->nobody_answered(tried));
    });
}

void StreamComponent::fail(Status status, const std::string& text)
{
    hush();
    if (!silenced_)
        events_.failed(status, text);
}

/// The search is over: nobody is let in, nothing is tried any more.
void StreamComponent::hush()
{
    settled_ = true;
    attempt_.cancel();
    deadline_.cancel();
    asio::error_code ignored;
    for (auto& acceptor : acceptors_)
        acceptor.close(ignored);
    for (const auto& socket : std::exchange(connecting_, {}))
        socket->close(ignored);
    for (const auto& handshake : std::exchange(handshakes_, {}))
        handshake->stop();
}

void StreamComponent::stop()
{
    silenced_ = true;
    give_ports_back();
    if (path_)
        path_->close();
    asio::post(context_, [self = shared_from_this()] { self->hush(); });
}

} // namespace jackfield::direct
