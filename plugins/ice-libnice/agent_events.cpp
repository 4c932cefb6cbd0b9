// libnice's signals, turned into AgentEvents.
//
// Threads: a signal comes on whatever thread made libnice emit it, the control thread and senders included. So nothing
// is done here but to copy and to post.
#include "agent.hpp"
#include "nice_candidate.hpp"

#include <algorithm>

namespace jackfield::ice {

struct AgentSignals {
    static void candidate(NiceAgent*, NiceCandidate* nice, gpointer self)
    {
        const Agent& agent = *static_cast<Agent*>(self);
        if (nice->type == NICE_CANDIDATE_TYPE_PEER_REFLEXIVE)
            return; // learnt from checks, and for them alone (RFC 8445 section 7.2.5.3.1)
        AgentEvent event{AgentEvent::Kind::candidate, nice->component_id, {}, {}, {}};
        event.local_line = write_candidate(from_nice(*nice, agent.hide_related_));
        agent.emit_(std::move(event));
    }

    static void gathered(NiceAgent*, guint, gpointer self)
    {
        static_cast<Agent*>(self)->emit_({AgentEvent::Kind::gathered, 0, {}, {}, {}});
    }

    static void pair(NiceAgent*, guint, guint component, NiceCandidate* local, NiceCandidate* remote, gpointer self)
    {
        const Agent& agent = *static_cast<Agent*>(self);
        AgentEvent event{AgentEvent::Kind::pair, component, {}, {}, {}};
        event.local_line = write_candidate(from_nice(*local, agent.hide_related_));
        const Candidate peer = from_nice(*remote, false);
        event.remote_line = write_candidate(peer);
        event.traits.remote = {peer.address, peer.port};
        const bool local_relayed = agent.leaves_by_relay(from_nice(*local, false));
        event.traits.ipv6 = nice_address_ip_version(&local->addr) == 6;
        event.traits.relayed = local_relayed || remote->type == NICE_CANDIDATE_TYPE_RELAYED;
        event.traits.loop_only = local_relayed && agent.has_tcp_relay_;
        agent.emit_(std::move(event));
    }

    static void heard(NiceAgent*, NiceCandidate* nice, gpointer self)
    {
        if (nice->type != NICE_CANDIDATE_TYPE_PEER_REFLEXIVE)
            return;
        AgentEvent event{AgentEvent::Kind::heard, nice->component_id, {}, {}, {}};
        event.remote_line = write_candidate(from_nice(*nice, true));
        static_cast<Agent*>(self)->emit_(std::move(event));
    }

    static void state(NiceAgent*, guint, guint component, guint state, gpointer self)
    {
        Agent& agent = *static_cast<Agent*>(self);
        if (state == NICE_COMPONENT_STATE_READY) {
            agent.emit_({AgentEvent::Kind::ready, component, {}, {}, {}});
            agent.rest_if_ready();
        } else if (state == NICE_COMPONENT_STATE_FAILED) {
            agent.emit_({AgentEvent::Kind::failed, component, {}, {}, {}});
            agent.paths_[component - 1]->connection_lost();
        }
    }

    static void writable(NiceAgent*, guint, guint component, gpointer self)
    {
        const Agent& agent = *static_cast<Agent*>(self);
        agent.paths_[component - 1]->socket_writable();
    }
};

/// A peer behind a NAT64 sees our relay at an address of IPv6, and that makes a peer-reflexive candidate of it (RFC
/// 8445 section 7.2.5.3.1): its base tells.
bool Agent::leaves_by_relay(const Candidate& local) const
{
    if (local.type != CandidateType::peer_reflexive)
        return local.type == CandidateType::relayed;
    const auto candidates = local_candidates();
    return std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& one) {
        return one.type == CandidateType::relayed && one.component == local.component &&
               one.address == local.related_address && one.port == local.related_port;
    });
}

void Agent::connect_events()
{
    g_signal_connect(agent_, "new-candidate-full", G_CALLBACK(&AgentSignals::candidate), this);
    g_signal_connect(agent_, "candidate-gathering-done", G_CALLBACK(&AgentSignals::gathered), this);
    g_signal_connect(agent_, "new-selected-pair-full", G_CALLBACK(&AgentSignals::pair), this);
    g_signal_connect(agent_, "new-remote-candidate-full", G_CALLBACK(&AgentSignals::heard), this);
    g_signal_connect(agent_, "component-state-changed", G_CALLBACK(&AgentSignals::state), this);
    g_signal_connect(agent_, "reliable-transport-writable", G_CALLBACK(&AgentSignals::writable), this);
}

} // namespace jackfield::ice
