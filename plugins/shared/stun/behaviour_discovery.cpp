// Which kind of NAT is in front of us. See behaviour_discovery.hpp.

#include "behaviour_discovery.hpp"

#include <jackfield/basic.hpp>

#include <algorithm>

namespace shared_stun {

namespace {

/// Of the requests of a filtering round.
enum : std::size_t { kChangeBoth, kChangePort, kFence, kFilteringRequests };

} // namespace

std::string_view name_of(Dependence dependence)
{
    switch (dependence) {
    case Dependence::endpoint_independent:
        return "endpoint-independent";
    case Dependence::address_dependent:
        return "address-dependent";
    case Dependence::address_and_port_dependent:
        return "address-and-port-dependent";
    }
    return "?";
}

BehaviourDiscovery::BehaviourDiscovery(const Endpoint& server, const Endpoint& local, Random random,
                                       const Settings& settings)
    : server_(server), local_(local), random_(std::move(random)), settings_(settings)
{
    begin(Phase::first);
}

BehaviourDiscovery::Request& BehaviourDiscovery::add_request(const Endpoint& to, const Endpoint& from,
                                                             bool change_address, bool change_port)
{
    Request request{{}, to, from, change_address, change_port, false};
    random_(request.id);
    return requests_.emplace_back(request);
}

BehaviourDiscovery::Datagram BehaviourDiscovery::datagram(const Request& request) const
{
    Message message;
    message.id = request.id;
    if (request.change_address || request.change_port)
        add_change_request(message, request.change_address, request.change_port);
    return {request.to, write_message(message, true)};
}

void BehaviourDiscovery::ask(const Endpoint& to)
{
    add_request(to, to, false, false);
}

/// Filtering comes before mapping: whoever has sent to the second address lets it in from then on.
void BehaviourDiscovery::begin(Phase phase)
{
    phase_ = phase;
    requests_.clear();
    sent_ = 0;
    due_ = Time::min(); // at once
    pause_ = settings_.retransmit;
    switch (phase) {
    case Phase::first:
        return ask(server_);
    case Phase::filtering:
        add_request(server_, other_, true, true);
        add_request(server_, {server_.address, other_.port}, false, true);
        return ask(server_);
    case Phase::mapping_address:
        return ask({other_.address, server_.port});
    case Phase::mapping_port:
        return ask(other_);
    }
}

/// Silence means something only while the server is known to listen: each round asks something that it must answer.
void BehaviourDiscovery::begin_round()
{
    random_(requests_[kFence].id);
    requests_[kFence].answered = false;
    sent_ = 0;
    due_ = Time::min();
    pause_ = settings_.retransmit;
}

std::vector<BehaviourDiscovery::Datagram> BehaviourDiscovery::send(Time now)
{
    if (done_ || now < due_)
        return {};
    if (phase_ == Phase::filtering)
        look_at_filtering(now);
    if (done_ || now < due_)
        return {};
    if (sent_ == settings_.tries) {
        out_of_tries();
        return done_ ? std::vector<Datagram>() : send(now);
    }
    std::vector<Datagram> out;
    for (const Request& request : requests_) {
        if (!request.answered)
            out.push_back(datagram(request));
    }
    ++sent_;
    due_ = now + pause_;
    pause_ *= 2;
    return out;
}

std::optional<Time> BehaviourDiscovery::next() const
{
    return done_ ? std::nullopt : std::optional(due_);
}

void BehaviourDiscovery::receive(const Endpoint& from, ByteView packet, Time now)
{
    if (done_)
        return;
    const auto message = read_message(packet);
    if (!message || message->method != kBinding || message->kind != Class::success)
        return;
    const auto request = std::ranges::find_if(
        requests_, [&](const Request& one) { return one.id == message->id && one.from == from && !one.answered; });
    if (request == requests_.end())
        return;
    request->answered = true;
    if (phase_ == Phase::filtering)
        look_at_filtering(now);
    else
        take_answer(*message);
}

/// A round is over when what must be answered was, and what may be had as long again.
void BehaviourDiscovery::look_at_filtering(Time now)
{
    if (requests_[kChangeBoth].answered) {
        report_.filtering = Dependence::endpoint_independent;
        return begin(Phase::mapping_address);
    }
    if (!requests_[kFence].answered || now < due_)
        return;
    if (++rounds_ < settings_.silent_rounds)
        return begin_round();
    report_.filtering =
        requests_[kChangePort].answered ? Dependence::address_dependent : Dependence::address_and_port_dependent;
    begin(Phase::mapping_address);
}

void BehaviourDiscovery::take_answer(const Message& answer)
{
    if (phase_ == Phase::first)
        return first_answer(answer);
    const auto mapped = mapped_address(answer);
    if (!mapped)
        return finish();
    if (phase_ == Phase::mapping_port) {
        report_.mapping =
            mapped == mapped_at_address_ ? Dependence::address_dependent : Dependence::address_and_port_dependent;
        return finish();
    }
    if (mapped == report_.mapped) {
        report_.mapping = Dependence::endpoint_independent;
        return finish();
    }
    mapped_at_address_ = mapped;
    begin(Phase::mapping_port);
}

void BehaviourDiscovery::first_answer(const Message& answer)
{
    report_.mapped = mapped_address(answer);
    if (!report_.mapped)
        return finish();
    report_.translated = report_.mapped != local_;
    const auto other = read_address(answer, Type::other_address);
    // Both must be others, or nothing can be told apart (RFC 5780 section 7.4).
    if (!other || other->address == server_.address || other->port == server_.port ||
        other->address.is_v6() != server_.address.is_v6())
        return finish();
    other_ = *other;
    begin(Phase::filtering);
}

/// No answer where there should be one: so much is known, and no more.
void BehaviourDiscovery::out_of_tries()
{
    if (phase_ == Phase::filtering)
        begin(Phase::mapping_address);
    else
        finish();
}

void BehaviourDiscovery::finish()
{
    done_ = report_;
}

} // namespace shared_stun
