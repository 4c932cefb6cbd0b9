// Ports of the router: asked for once the sockets are open, offered to the peer as they come. The peer's checks arrive
// at the host's socket, and so libnice need not know of them.
//
// Threads: control only; the router's answers are posted to it.
#include "session.hpp"

namespace jackfield::ice {

namespace {

using shared_port_mapping::Outcome;

/// RFC 8445 section 5.1.2.2: of a server reflexive candidate. libnice halves it for TCP, so that UDP comes first.
constexpr std::uint32_t kTypePreference = 100;
constexpr std::size_t kMaxFoundation = 32;

/// What the peer is told: as if a server had seen our socket there (RFC 8445 section 5.1.1.2).
Candidate mapped_candidate(const Candidate& host, const shared_port_mapping::Granted& granted)
{
    Candidate candidate = host;
    candidate.foundation = ("M" + host.foundation).substr(0, kMaxFoundation); // RFC 8445 section 5.1.1.3
    candidate.type = CandidateType::server_reflexive;
    candidate.priority = (kTypePreference / (host.is_tcp() ? 2 : 1)) << 24 | (host.priority & 0xFFFFFFU);
    candidate.address = granted.external.address;
    candidate.port = granted.external.port;
    candidate.related_address = host.address;
    candidate.related_port = host.port;
    return candidate;
}

} // namespace

void Session::map_ports()
{
    if (port_mapper_ == nullptr)
        return;
    const unsigned generation = generation_;
    for (const auto& host : agent_->local_candidates()) {
        const bool listens = host.transport == Transport::udp || host.transport == Transport::tcp_passive;
        if (host.type != CandidateType::host || !listens || host.address.is_v6() || host.address.is_loopback())
            continue;
        ++awaited_;
        agent_->keep(port_mapper_->map(
            {host.is_tcp() ? shared_port_mapping::Transport::tcp : shared_port_mapping::Transport::udp,
             {host.address, host.port}},
            [posts = host_, alive = alive_, generation, host, this](const Outcome& outcome) {
                posts.post([alive, generation, this, host, outcome] {
                    if (alive->load(std::memory_order_relaxed) && generation == generation_ && !failed_)
                        take_mapping(host, outcome);
                });
            }));
    }
}

void Session::take_mapping(const Candidate& host, const Outcome& outcome)
{
    if (!outcome) {
        host_.debug("ice: " + name(host.component) + ": no port of the router: " + outcome.error());
    } else if (agent_ != nullptr) {
        const Candidate mapped = mapped_candidate(host, *outcome);
        const auto known = agent_->local_candidates();
        const bool seen = std::any_of(known.begin(), known.end(), [&](const Candidate& one) {
            return one.component == mapped.component && one.address == mapped.address && one.port == mapped.port;
        });
        if (!seen) // a STUN server may see us there, too
            on_candidate({AgentEvent::Kind::candidate, mapped.component, write_candidate(mapped), {}, {}});
    }
    answer_has_come();
}

void Session::answer_has_come()
{
    if (awaited_ > 0 && --awaited_ == 0 && agent_gathered_)
        finish_gathering();
}

} // namespace jackfield::ice
