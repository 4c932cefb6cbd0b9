// Ports of the router: asked for once the sockets are open, offered to the peer as they come. The peer's checks arrive
// at the host's socket, and so libnice need not know of them. A pinhole of IPv6 leads to a candidate that the peer
// knows.
//
// Threads: control only; the router's answers are posted to it.
#include "session.hpp"

#include <shared/port_mapping/session_ports.hpp>

namespace jackfield::ice {

namespace {

using shared_port_mapping::Outcome;
using shared_port_mapping::wanted_for;

} // namespace

void Session::map_ports()
{
    if (port_mapper_ == nullptr)
        return;
    const unsigned generation = generation_;
    for (const auto& host : agent_->local_candidates()) {
        const auto wanted = wanted_for(host);
        if (!wanted)
            continue;
        if (!wanted->is_pinhole())
            ++awaited_;
        agent_->keep(
            port_mapper_->map(*wanted, [posts = host_, alive = alive_, generation, host, this](const Outcome& outcome) {
                posts.post([alive, generation, this, host, outcome] {
                    if (alive->load(std::memory_order_relaxed) && generation == generation_ && !failed_)
                        take_mapping(host, outcome);
                });
            }));
    }
}

void Session::take_mapping(const Candidate& host, const Outcome& outcome)
{
    if (host.address.is_v6())
        return host_.debug("ice: " + name(host.component) + ": " +
                           (outcome ? "a pinhole leads to " : "no pinhole to ") + host.address.text() +
                           (outcome ? "" : ": " + outcome.error()));
    if (!outcome) {
        host_.debug("ice: " + name(host.component) + ": no port of the router: " + outcome.error());
    } else if (agent_ != nullptr) {
        const Candidate mapped = shared_port_mapping::mapped_candidate(host, *outcome);
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
