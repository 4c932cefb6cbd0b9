// TCP through NATs on both sides: candidates of tcptype so (RFC 6544 section 4.5), which libnice knows nothing of, and
// the stand-ins by which it knows the peer once there is a connection.
//
// Threads: control only; what the punch thread says is posted to it.
#include "session.hpp"

#include <algorithm>

namespace jackfield::ice {

namespace {

/// Below every other way that is direct (libnice's are 50 to 120), above every relay (up to 30).
constexpr std::uint32_t kPunchPreference = 48;
constexpr std::size_t kMaxStandIns = 32;       // of all components, with those that are gone
constexpr std::size_t kMostOfAFoundation = 31; // and a letter (RFC 8839 section 5.1)

std::uint32_t punch_priority(std::uint32_t host)
{
    return kPunchPreference << 24 | (host & 0xFFFFFFU);
}

} // namespace

void Session::punch()
{
    stand_ins_.clear();
    punch_candidates_.clear();
    if (punch_thread_ == nullptr)
        return;
    std::vector<PunchPlace> places;
    for (const auto& host : agent_->local_candidates()) {
        const bool listens = host.transport == Transport::udp || host.transport == Transport::tcp_passive;
        if (host.type == CandidateType::host && listens && !host.address.is_v6() && !host.address.is_loopback())
            places.push_back({host.component, {host.address, host.port}});
    }
    awaited_ += places.size();
    const auto when_current = [posts = host_, alive = alive_, generation = generation_, this](auto function) {
        posts.post([alive, generation, this, function = std::move(function)] {
            if (alive->load(std::memory_order_relaxed) && generation == generation_ && !failed_ && agent_ != nullptr)
                function();
        });
    };
    Puncher::Events events;
    events.mapped = [when_current, this](const PunchPlace& place, std::optional<Endpoint> mapped, std::uint16_t port) {
        when_current([this, place, mapped, port] { take_punch_place(place, mapped, port); });
    };
    events.punched = [when_current, this](unsigned component, const Endpoint& remote, const Endpoint& stand_in) {
        when_current([this, component, remote, stand_in] { take_punched(component, remote, stand_in); });
    };
    events.refused = [when_current, this](unsigned component, const Endpoint& remote) {
        when_current([this, component, remote] { take_punch_end(component, remote, PunchEnd::refused); });
    };
    const Puncher::Options options{options_.tcp, options_.controlling, config_.local.ports, config_.connect_timeout};
    auto puncher = std::make_shared<Puncher>(punch_thread_->context(), options, std::move(events));
    auto lookup = std::make_unique<NameLookup>();
    const Server& server = config_.stun[options_.stun_server % config_.stun.size()];
    if (const auto address = IpAddress::parse(server.host)) {
        puncher->start(std::move(places), Endpoint{*address, server.port});
    } else {
        lookup->start(loop_, farewells_, server.host,
                      [puncher, places = std::move(places), port = server.port](const std::vector<IpAddress>& found) {
                          const auto v4 = std::ranges::find(found, false, &IpAddress::is_v6);
                          puncher->start(places, v4 != found.end() ? std::optional(Endpoint{*v4, port}) : std::nullopt);
                      });
    }
    agent_->keep(std::move(puncher), std::move(lookup));
}

void Session::take_punch_place(const PunchPlace& place, const std::optional<Endpoint>& mapped, std::uint16_t local_port)
{
    const auto hosts = agent_->local_candidates();
    const auto host = std::find_if(hosts.begin(), hosts.end(), [&](const Candidate& one) {
        return one.component == place.component && Endpoint{one.address, one.port} == place.host;
    });
    if (mapped && host != hosts.end()) {
        Candidate candidate = *host;
        candidate.foundation = "S" + host->foundation.substr(0, kMostOfAFoundation);
        candidate.transport = Transport::tcp_simultaneous;
        candidate.type = CandidateType::server_reflexive;
        candidate.priority = punch_priority(host->priority);
        candidate.address = mapped->address;
        candidate.port = mapped->port;
        candidate.related_address = host->address;
        candidate.related_port = local_port;
        punch_candidates_.push_back(candidate);
        on_candidate({AgentEvent::Kind::candidate, place.component, write_candidate(candidate), {}, {}});
    }
    answer_has_come();
}

/// One of the peer's ports that we may connect to.
bool Session::can_punch_to(const Candidate& candidate) const
{
    if (punch_thread_ == nullptr || candidate.component > components_.size() || candidate.port == 0 ||
        candidate.type != CandidateType::server_reflexive || candidate.address.is_v6())
        return false;
    if (candidate.address.is_loopback() || candidate.address.is_link_local() || candidate.address.is_group() ||
        candidate.address.is_unspecified())
        return false;
    return !(options_.tcp && components_[candidate.component - 1].up);
}

/// libnice checks the stand-in as it would check the peer, and it is the peer who answers. Where we are controlled, the
/// peer's checks of a stream come to our passive candidate, and nothing is to be done.
void Session::take_punched(unsigned component, const Endpoint& remote, const Endpoint& stand_in)
{
    take_punch_end(component, remote, PunchEnd::connected);
    if (stand_ins_.size() >= kMaxStandIns)
        return;
    const auto known = std::find_if(seen_.begin(), seen_.end(), [&](const Candidate& one) {
        return one.component == component && one.transport == Transport::tcp_simultaneous &&
               Endpoint{one.address, one.port} == remote;
    });
    Candidate peer;
    if (known != seen_.end()) {
        peer = *known;
    } else { // his NAT shows him elsewhere to us
        peer.foundation = "S";
        peer.component = component;
        peer.transport = Transport::tcp_simultaneous;
        peer.type = CandidateType::peer_reflexive;
        peer.priority = punch_priority(component);
        peer.address = remote.address;
        peer.port = remote.port;
    }
    stand_ins_.push_back({stand_in, write_candidate(peer)});
    const Component& own = components_[component - 1];
    const bool of_no_use = own.up && (options_.tcp || !own.pair.traits.relayed);
    if (of_no_use || (options_.tcp && !options_.controlling))
        return;
    peer.type = CandidateType::server_reflexive;
    peer.transport = options_.tcp ? Transport::tcp_passive : Transport::udp;
    peer.address = stand_in.address;
    peer.port = stand_in.port;
    peer.related_address.reset();
    if (remote_)
        agent_->add_remote(component, {peer});
    else
        waiting_.push_back(peer); // a check without credentials fails at once
}

bool Session::is_stand_in(const Candidate& candidate) const
{
    return std::ranges::any_of(
        stand_ins_, [&](const StandIn& one) { return one.place == Endpoint{candidate.address, candidate.port}; });
}

/// With the first pair that is nominated, libnice drops all pairs that have not been checked yet, better ones, too (its
/// priv_prune_pending_checks), and makes no new ones with a candidate that it knows. A relay is often quicker than a
/// connection: then the peer has to be somebody else.
void Session::try_punched_again(const Component& component)
{
    if (!options_.tcp && options_.controlling && component.up && component.pair.traits.relayed && agent_ != nullptr &&
        agent_->puncher() != nullptr)
        (*agent_->puncher())->appear_anew(component.path->component());
}

/// In what is said of a pair, the peer stands for himself, and so do we.
void Session::name_stand_in(AgentEvent& pair) const
{
    const auto remote = parse_candidate(pair.remote_line);
    if (!remote)
        return;
    const auto found = std::find_if(stand_ins_.begin(), stand_ins_.end(), [&](const StandIn& one) {
        return one.place == Endpoint{remote->address, remote->port};
    });
    if (found == stand_ins_.end())
        return;
    pair.remote_line = found->remote_line;
    for (const auto& ours : punch_candidates_) {
        if (ours.component == pair.component)
            pair.local_line = write_candidate(ours);
    }
}

} // namespace jackfield::ice
