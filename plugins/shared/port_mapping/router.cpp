// See router.hpp.
#include "router.hpp"

#include "gateway.hpp"

#include <shared/ice/local_addresses.hpp>

#include <net/if.h>

#include <algorithm>

namespace shared_port_mapping {

namespace {

std::shared_ptr<Client> make_client(Protocol protocol, asio::io_context& context, const RouterPlace& place)
{
    switch (protocol) {
    case Protocol::pcp:
        return make_pcp_client(context, place);
    case Protocol::nat_pmp:
        return make_nat_pmp_client(context, place);
    case Protocol::upnp:
        return place.local.is_v6() ? make_upnp_pinhole_client(context, place) : make_upnp_client(context, place);
    }
    return nullptr;
}

void add_problem(std::string& problems, Protocol protocol, const std::string& problem)
{
    problems += (problems.empty() ? "" : "; ") + std::string(name_of(protocol)) + ": " + problem;
}

/// UPnP Device Architecture section 1.3, and annex A for IPv6: where all devices listen.
Endpoint everybody(bool v6)
{
    return {*IpAddress::parse(v6 ? "ff02::c" : "239.255.255.250"), 1900};
}

Outcome checked(const Wanted& wanted, Outcome outcome)
{
    const std::string problem = outcome ? problem_with(wanted, *outcome) : "";
    return problem.empty() ? outcome : std::unexpected(problem);
}

} // namespace

std::optional<RouterPlace> find_place(const Settings& settings)
{
    RouterPlace place;
    place.router = settings.router;
    if (const auto gateway = place.router ? std::nullopt : default_gateway())
        place.router = Endpoint{*gateway, kPcpPort};
    place.search = settings.search.value_or(everybody(false));
    const auto local = jackfield::ice::source_towards(place.router ? place.router->address : place.search.address);
    if (!local)
        return std::nullopt;
    place.local = *local;
    return place;
}

std::optional<RouterPlace> find_firewall(const Settings& settings, const IpAddress& local)
{
    const auto interfaces = jackfield::ice::system_interfaces();
    const auto own = std::ranges::find(interfaces, local, &jackfield::ice::Interface::address);
    if (own == interfaces.end())
        return std::nullopt;
    RouterPlace place;
    place.local = local;
    place.interface = if_nametoindex(own->name.c_str());
    place.router = settings.firewall;
    if (const auto gateway = place.router ? std::nullopt : default_gateway_v6(own->name))
        place.router = Endpoint{*gateway, kPcpPort};
    place.search = settings.search_v6.value_or(everybody(true));
    return place;
}

Router::Router(asio::io_context& context, const Settings& settings, RouterPlace place, PortMapper::Log log)
    : context_(context),
      settings_(settings),
      place_(std::move(place)),
      log_(std::move(log)),
      looked_at_(Clock::now()),
      patience_(context)
{}

void Router::look()
{
    for (const auto protocol : {Protocol::pcp, Protocol::nat_pmp, Protocol::upnp}) {
        const bool speechless = place_.local.is_v6() && protocol == Protocol::nat_pmp; // knows IPv4 alone
        if (speechless || std::ranges::find(settings_.protocols, protocol) == settings_.protocols.end())
            continue;
        speakers_.push_back({make_client(protocol, context_, place_), State::looking, {}});
        speakers_.back().client->on_restart = [this] {
            if (on_restart)
                on_restart();
        };
    }
    for (std::size_t number = 0; number < speakers_.size(); ++number)
        speakers_[number].client->look(
            [self = shared_from_this(), number](const std::string& problem) { self->looked(number, problem); });
    patience_.expires_after(settings_.patience);
    patience_.async_wait([self = shared_from_this()](asio::error_code error) {
        if (error || self->closed_)
            return;
        self->patient_ = false;
        self->serve();
    });
}

void Router::looked(std::size_t number, const std::string& problem)
{
    if (closed_)
        return;
    Speaker& speaker = speakers_[number];
    speaker.state = problem.empty() ? State::speaks : State::useless;
    speaker.problem = problem;
    if (problem.empty() && !std::exchange(announced_use_, true)) {
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - looked_at_);
        log_((place_.local.is_v6() ? "the firewall in front of " + place_.local.text() : "the router") + " speaks " +
             std::string(name_of(speaker.client->protocol())) + ", which took " + std::to_string(took.count()) +
             " ms to find");
    }
    if (useless()) {
        std::string problems;
        for (const auto& one : speakers_)
            add_problem(problems, one.client->protocol(), one.problem);
        log_((place_.local.is_v6() ? "no firewall that opens pinholes to " + place_.local.text()
                                   : "no router that maps ports") +
             ": " + problems);
    }
    serve();
}

bool Router::useless() const
{
    return std::ranges::all_of(speakers_, [](const Speaker& one) { return one.state == State::useless; });
}

void Router::map(Request request, Mapped mapped)
{
    auto order = std::make_shared<Order>();
    order->request = std::move(request);
    order->mapped = std::move(mapped);
    if (!serve(order))
        orders_.push_back(std::move(order));
}

void Router::serve()
{
    for (const auto& order : std::exchange(orders_, {})) {
        if (!serve(order))
            orders_.push_back(order);
    }
}

/// False: it has to wait for somebody who may still answer.
bool Router::serve(const std::shared_ptr<Order>& order)
{
    bool somebody_may_answer = false;
    for (std::size_t number = order->next; number < speakers_.size(); ++number) {
        if (speakers_[number].state == State::speaks) {
            ask(order, number);
            return true;
        }
        somebody_may_answer = somebody_may_answer || speakers_[number].state == State::looking;
        if (somebody_may_answer && patient_)
            return false;
    }
    if (somebody_may_answer)
        return false;
    for (std::size_t number = order->next; number < speakers_.size(); ++number)
        add_problem(order->problems, speakers_[number].client->protocol(), speakers_[number].problem);
    order->mapped(std::unexpected(order->problems.empty() ? "there is no protocol to ask by" : order->problems));
    return true;
}

void Router::ask(const std::shared_ptr<Order>& order, std::size_t number)
{
    order->next = number + 1;
    const auto protocol = speakers_[number].client->protocol();
    speakers_[number].client->map(order->request, [self = shared_from_this(), order, protocol](Outcome outcome) {
        if (self->closed_)
            return;
        outcome = checked(order->request.wanted, std::move(outcome));
        if (outcome)
            return order->mapped(std::move(outcome));
        add_problem(order->problems, protocol, outcome.error());
        if (!self->serve(order))
            self->orders_.push_back(order);
    });
}

void Router::map_by(Protocol protocol, const Request& request, Mapped mapped)
{
    for (const auto& speaker : speakers_) {
        if (speaker.client->protocol() == protocol)
            return speaker.client->map(request, [wanted = request.wanted, mapped = std::move(mapped)](Outcome outcome) {
                mapped(checked(wanted, std::move(outcome)));
            });
    }
}

void Router::unmap(Protocol protocol, const Request& request, Client::Done done)
{
    for (const auto& speaker : speakers_) {
        if (speaker.client->protocol() == protocol)
            return speaker.client->unmap(request, std::move(done));
    }
}

void Router::announced(ByteView datagram)
{
    for (const auto& speaker : speakers_)
        speaker.client->announced(datagram);
}

void Router::close()
{
    closed_ = true;
    on_restart = nullptr;
    patience_.cancel();
    orders_.clear();
    for (const auto& speaker : speakers_)
        speaker.client->close();
}

} // namespace shared_port_mapping
