// A session in a network that has IPv6 alone: IPv4 is behind its NAT64. See nat64_look.hpp.
//
// Threads: control.
#include "session.hpp"

namespace jackfield::ice {

/// Where the network has IPv6 alone and has not told yet how it reaches IPv4: what depends on that comes later.
void Session::await_nat64()
{
    const auto later = [alive = alive_, generation = generation_, this] {
        if (alive->load(std::memory_order_relaxed) && generation == generation_ && !failed_ && agent_ != nullptr)
            take_nat64();
    };
    if (nat64_.under_way(later))
        ++awaited_;
}

void Session::take_nat64()
{
    options_.nat64 = nat64_.known();
    tls_relays_.use(options_.nat64);
    if (options_.nat64 && !options_.tcp && agent_->has_relays()) {
        agent_gathered_ = false; // their addresses are trickled, and then it says so again
        agent_->add_relays_behind(*options_.nat64, config_, tls_relays_);
    }
    for (const auto& candidate : std::vector(seen_)) {
        if (const auto v6 = behind_nat64(candidate))
            take_remote(*v6);
    }
    apply_remote();
    answer_has_come();
}

/// Where a candidate of IPv4 is for a host that has IPv6 alone: behind the NAT64, which sends on what comes there. Our
/// relays reach it as it is, so that it is tried both ways. What is punched is IPv4 at both ends.
std::optional<Candidate> Session::behind_nat64(const Candidate& candidate) const
{
    if (!options_.nat64 || candidate.transport == Transport::tcp_simultaneous)
        return std::nullopt;
    const auto v6 = options_.nat64->to_v6(candidate.address);
    if (!v6)
        return std::nullopt;
    Candidate there = candidate;
    there.address = *v6;
    there.related_address.reset();
    there.related_port = 0;
    return there;
}

} // namespace jackfield::ice
