// In the order in which it happens: open, ask and answer, take a route, keep it alive, stop.
//
// Threads: see component.hpp. Routes are never removed, and reserved once, so a pointer to one stays good.
#include "datagram_component.hpp"

#include <asio/post.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

namespace jackfield::direct {

namespace {

constexpr std::size_t kMaxRoutes = 256;
constexpr std::size_t kMaxEarly = 16;
constexpr int kDatagramsInARow = 32;                           // then other sockets of the thread have their turn
constexpr auto kPacing = std::chrono::milliseconds(5);         // RFC 8445 section 14.2
constexpr auto kFirstInterval = std::chrono::milliseconds(50); // before an ask is repeated, doubling
constexpr auto kLastInterval = std::chrono::milliseconds(800);

/// The ECN field of a received message (RFC 3168 section 5).
std::uint32_t ecn_of(msghdr& message)
{
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TOS)
            return *CMSG_DATA(header) & 3U;
        if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_TCLASS) {
            int traffic_class = 0;
            std::memcpy(&traffic_class, CMSG_DATA(header), sizeof(traffic_class));
            return static_cast<std::uint32_t>(traffic_class) & 3U;
        }
    }
    return JF_ECN_UNKNOWN;
}

std::string describe(const udp::endpoint& remote)
{
    return text_of(remote.address(), remote.port());
}

} // namespace

std::shared_ptr<Component> make_datagram_component(asio::io_context& context, ComponentSetup setup,
                                                   ComponentEvents events)
{
    return std::make_shared<DatagramComponent>(context, std::move(setup), std::move(events),
                                               std::make_shared<DatagramPath>());
}

DatagramComponent::DatagramComponent(asio::io_context& context, ComponentSetup setup, ComponentEvents events,
                                     std::shared_ptr<DatagramPath> path)
    : Component(std::move(setup), std::move(events)),
      context_(context),
      timer_(context),
      deadline_(context),
      path_(std::move(path))
{
    routes_.reserve(kMaxRoutes);
}

std::vector<ice::Candidate> DatagramComponent::open(const std::vector<ice::IpAddress>& addresses)
{
    std::vector<ice::Candidate> candidates;
    for (const auto& address : addresses) {
        Leg leg{open_datagram_socket(context_, address, setup_.options), {}};
        leg.local.component = setup_.number;
        leg.local.address = address;
        leg.local.port = leg.socket.local_endpoint().port();
        candidates.push_back(leg.local);
        legs_.push_back(std::move(leg));
    }
    asio::post(context_, [self = shared_from_this()] {
        for (std::size_t leg = 0; leg < self->legs_.size(); ++leg)
            self->wait_to_read(leg);
    });
    return candidates;
}

void DatagramComponent::set_remote_password(std::string password)
{
    asio::post(context_, [self = shared_from_this(), password = std::move(password)]() mutable {
        self->remote_password_ = std::move(password);
        self->kept_.clear(); // it does ICE: whoever has not greeted is nobody
        for (const auto& [leg, remote] : std::exchange(self->early_, {})) {
            if (Route* const route = self->meet_route(leg, remote))
                self->asked(*route, {Word::ask, self->setup_.number, 0, {}});
        }
    });
}

void DatagramComponent::add_remote(std::vector<ice::Candidate> candidates)
{
    asio::post(context_, [self = shared_from_this(), candidates = std::move(candidates)] {
        for (const auto& candidate : candidates) {
            const udp::endpoint remote(to_asio(candidate.address), candidate.port);
            for (std::size_t leg = 0; leg < self->legs_.size(); ++leg) {
                if (self->legs_[leg].local.address.is_v6() != candidate.address.is_v6())
                    continue;
                if (Route* const route = self->meet_route(leg, remote))
                    route->candidate = candidate;
            }
        }
        self->start_deadline();
        self->schedule();
    });
}

void DatagramComponent::wait_to_read(std::size_t leg)
{
    legs_[leg].socket.async_wait(udp::socket::wait_read, [self = shared_from_this(), leg](asio::error_code failed) {
        if (!failed && !self->stopped_)
            self->read(leg);
    });
}

void DatagramComponent::read(std::size_t leg)
{
    for (int i = 0; i < kDatagramsInARow && !stopped_; ++i) {
        alignas(cmsghdr) std::array<std::uint8_t, 64> control;
        udp::endpoint remote;
        iovec vector{buffer_.data(), buffer_.size()};
        msghdr message{};
        message.msg_name = remote.data();
        message.msg_namelen = static_cast<socklen_t>(remote.capacity());
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t size = recvmsg(legs_[leg].socket.native_handle(), &message, MSG_DONTWAIT);
        if (size < 0)
            break;
        remote.resize(message.msg_namelen);
        if (size == 0 || (message.msg_flags & MSG_TRUNC) != 0)
            continue; // larger than any that a peer may send
        from_ = remote;
        received(leg,
                 make_packet({buffer_.data(), static_cast<std::size_t>(size)}, setup_.host.now_ns(), ecn_of(message)));
    }
    if (!stopped_)
        wait_to_read(leg);
}

void DatagramComponent::received(std::size_t leg, const jf_packet& packet)
{
    if (plain_)
        return received_plain(leg, packet);
    if (greeted(leg, view(packet.bytes), packet.arrival_ns))
        return;
    // Most packets come over the selected route. A stranger's are nobody's.
    const Route* route = selected_;
    if (route == nullptr || route->leg != leg || route->remote != from_)
        route = find_route(leg, from_);
    if (route != nullptr && route->proven)
        path_->deliver(packet);
    else if (remote_password_.empty())
        keep(leg, packet);
}

bool DatagramComponent::greeted(std::size_t leg, ByteView bytes, std::int64_t arrival_ns)
{
    const auto greeting = read_greeting(bytes);
    if (!greeting || greeting->password != setup_.password || greeting->component != setup_.number)
        return false;
    if (remote_password_.empty()) {
        const std::pair early{leg, from_};
        if (early_.size() < kMaxEarly && std::find(early_.begin(), early_.end(), early) == early_.end())
            early_.push_back(early);
        return true;
    }
    Route* const route = meet_route(leg, from_);
    if (route == nullptr)
        return true;
    route->proven = true;
    if (greeting->word == Word::answer)
        answered(*route, *greeting, arrival_ns);
    else
        asked(*route, *greeting);
    return true;
}

void DatagramComponent::asked(Route& route, const Greeting& greeting)
{
    route.proven = true;
    send(route, Word::answer, greeting.number);
    if (setup_.controlling)
        return schedule(); // a route that we did not know, or that works by now: ask, too
    route.chosen |= greeting.word == Word::choose;
    if (route.returned)
        return consider(route, 0);
    if (route.asks == 0 || selected_ != nullptr) // else it is among those that are asked again and again
        ask(route, Word::ask);
    schedule();
}

/// The controlled side, of a route that leads both ways: the first, and then the one that the other side takes.
void DatagramComponent::consider(Route& route, std::int64_t round_trip_ns)
{
    if (selected_ == nullptr || (route.chosen && selected_ != &route))
        select(route, round_trip_ns);
}

void DatagramComponent::answered(Route& route, const Greeting& greeting, std::int64_t arrival_ns)
{
    const auto asked = std::ranges::find_if(
        route.asked, [&](const Asked& each) { return each.at_ns != 0 && each.number == greeting.number; });
    if (asked == route.asked.end())
        return;
    const std::int64_t round_trip_ns = arrival_ns - asked->at_ns;
    route.returned = true;
    if (&route == selected_ || selected_ == nullptr)
        last_heard_ns_ = arrival_ns;
    if (&route == selected_) {
        agreed_ = true;
        return;
    }
    if (!setup_.controlling)
        return consider(route, round_trip_ns);
    if (selected_ == nullptr) {
        select(route, round_trip_ns);
        ask(route, Word::choose);
        schedule();
    }
}

void DatagramComponent::send(const Route& route, Word word, std::uint32_t number)
{
    const Bytes bytes = write_greeting({word, setup_.number, number, remote_password_});
    asio::error_code lost; // like any datagram; it is repeated
    legs_[route.leg].socket.send_to(asio::buffer(bytes), route.remote, 0, lost);
}

void DatagramComponent::ask(Route& route, Word word)
{
    const auto number = static_cast<std::uint32_t>(setup_.host.random_number());
    route.asked[route.asks++ % route.asked.size()] = {number, setup_.host.now_ns()};
    route.interval = std::clamp<Clock::duration>(route.interval * 2, kFirstInterval, kLastInterval);
    route.due = Clock::now() + route.interval;
    send(route, word, number);
}

void DatagramComponent::select(Route& route, std::int64_t round_trip_ns)
{
    const bool first = selected_ == nullptr;
    selected_ = &route;
    route.interval = {};
    last_heard_ns_ = setup_.host.now_ns();
    deadline_.cancel();
    take(route.leg, route.remote);
    if (!silenced_)
        events_.selected(legs_[route.leg].local, route.candidate, round_trip_ns);
    if (first)
        schedule();
}

void DatagramComponent::take(std::size_t leg, const udp::endpoint& remote)
{
    if (stopped_)
        return; // its sockets are closed
    path_->take(setup_.generation, legs_[leg].socket.native_handle(), remote, [weak = weak_from_this()] {
        if (const auto self = weak.lock())
            self->watch_for_room();
    });
}

DatagramComponent::Route* DatagramComponent::find_route(std::size_t leg, const udp::endpoint& remote)
{
    const auto found = std::find_if(routes_.begin(), routes_.end(),
                                    [&](const Route& route) { return route.leg == leg && route.remote == remote; });
    return found == routes_.end() ? nullptr : &*found;
}

/// One that is there, or a new one. Null if there are too many.
DatagramComponent::Route* DatagramComponent::meet_route(std::size_t leg, const udp::endpoint& remote)
{
    if (Route* const known = find_route(leg, remote))
        return known;
    if (routes_.size() == kMaxRoutes)
        return nullptr;
    ice::Candidate candidate; // what we know of an address that the peer did not tell
    candidate.foundation = "0";
    candidate.component = setup_.number;
    candidate.priority = 1;
    candidate.address = from_asio(remote.address());
    candidate.port = remote.port();
    candidate.type = ice::CandidateType::peer_reflexive;
    routes_.push_back({.leg = leg, .remote = remote, .candidate = candidate});
    return &routes_.back();
}

void DatagramComponent::start_deadline()
{
    if (routes_.empty() || selected_ != nullptr || deadline_.expiry() != Clock::time_point())
        return;
    deadline_.expires_after(setup_.options.connect_timeout);
    deadline_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
        if (cancelled || self->stopped_ || self->selected_ != nullptr)
            return;
        std::vector<std::string> tried;
        for (const auto& route : self->routes_) {
            const std::string remote = describe(route.remote);
            if (std::find(tried.begin(), tried.end(), remote) == tried.end())
                tried.push_back(remote);
        }
        self->fail(JF_TIMEOUT, self->nobody_answered(tried));
    });
}

/// Sets the timer for whatever has to be asked next: all routes in turn until one is taken, then that one.
void DatagramComponent::schedule()
{
    if (stopped_ || routes_.empty() || remote_password_.empty())
        return;
    Clock::time_point next = Clock::time_point::max();
    if (selected_ != nullptr) {
        next = selected_->due;
    } else {
        for (const auto& route : routes_)
            next = std::min(next, route.due);
    }
    next = std::max(next, last_ask_ + kPacing);
    if (next <= Clock::now())
        return tick();
    timer_.expires_at(next);
    timer_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
        if (!cancelled && !self->stopped_)
            self->tick();
    });
}

void DatagramComponent::tick()
{
    const auto now = Clock::now();
    last_ask_ = now;
    if (selected_ != nullptr) {
        if (selected_->due <= now)
            look_for_silence(now);
    } else {
        const auto next = std::min_element(routes_.begin(), routes_.end(),
                                           [](const Route& left, const Route& right) { return left.due < right.due; });
        if (next->due <= now)
            ask(*next, Word::ask);
    }
    if (!stopped_)
        schedule();
}

/// Consent in the sense of RFC 7675: who does not answer gets no more datagrams.
void DatagramComponent::look_for_silence(Clock::time_point now)
{
    const auto limit = setup_.options.silence_limit;
    if (std::chrono::nanoseconds(setup_.host.now_ns() - last_heard_ns_) > limit)
        return fail(JF_UNREACHABLE, setup_.name + ": " + describe(selected_->remote) + " has not answered for " +
                                        std::to_string(limit.count()) + " ms");
    ask(*selected_, setup_.controlling && !agreed_ ? Word::choose : Word::ask);
    if (agreed_ || !setup_.controlling)
        selected_->due = now + limit / 5;
}

/// On any thread, from inside `send`.
void DatagramComponent::watch_for_room()
{
    asio::post(context_, [self = shared_from_this()] {
        if (self->stopped_ || (self->selected_ == nullptr && !self->plain_))
            return;
        const std::size_t leg = self->plain_ ? self->plain_leg_ : self->selected_->leg;
        self->legs_[leg].socket.async_wait(udp::socket::wait_write, [self](asio::error_code failed) {
            if (!failed && !self->stopped_)
                self->path_->writable();
        });
    });
}

void DatagramComponent::fail(Status status, const std::string& text)
{
    stopped_ = true;
    timer_.cancel();
    path_->lost(setup_.generation);
    if (!silenced_)
        events_.failed(status, text);
}

std::shared_ptr<Component> DatagramComponent::successor(ComponentSetup setup, ComponentEvents events)
{
    return std::make_shared<DatagramComponent>(context_, std::move(setup), std::move(events), path_);
}

void DatagramComponent::stop()
{
    path_->close();
    retire();
}

void DatagramComponent::retire()
{
    silenced_ = true;
    give_ports_back();
    asio::post(context_, [self = shared_from_this()] {
        self->stopped_ = true;
        self->path_->lost(self->setup_.generation); // if nobody has taken it over, it leads nowhere
        self->timer_.cancel();
        self->deadline_.cancel();
        for (auto& leg : self->legs_) {
            asio::error_code ignored;
            leg.socket.close(ignored);
        }
    });
}

} // namespace jackfield::direct
