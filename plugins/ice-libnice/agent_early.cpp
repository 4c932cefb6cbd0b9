// What goes out before a pair is selected: a check that we write ourselves, and datagrams behind it.
//
// The peer's libnice takes datagrams only from where a good check has come from, so each place gets one first. It
// nominates nothing (no USE-CANDIDATE, RFC 8445 section 7.1.2): which pair is taken stays libnice's business, and so do
// answers to its own checks. The answer to ours is one that nobody has asked for, and libnice drops it.
//
// Threads: control; the sockets are libnice's, through handles of our own.
#include "agent.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <stun/usages/ice.h>

#include <algorithm>
#include <random>

namespace jackfield::ice {

namespace {

constexpr std::uint32_t kPeerReflexivePreference = 110; // RFC 8445 section 5.1.2.2, and libnice's own

/// PRIORITY is what the candidate would have if the peer learnt of it from this check (RFC 8445 section 7.1.1).
std::uint32_t priority_if_learnt(const Candidate& local)
{
    return kPeerReflexivePreference << 24 | (local.priority & 0xffffff);
}

Bytes make_check(const std::string& username, const std::string& password, std::uint32_t priority)
{
    StunAgent stun;
    stun_agent_init(
        &stun, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
        static_cast<StunAgentUsageFlags>(STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT));
    std::random_device random;
    const std::uint64_t tie = static_cast<std::uint64_t>(random()) << 32 | random();
    StunMessage message;
    Bytes check(STUN_MAX_MESSAGE_SIZE_IPV6);
    check.resize(stun_usage_ice_conncheck_create(
        &stun, &message, check.data(), check.size(), reinterpret_cast<const std::uint8_t*>(username.data()),
        username.size(), reinterpret_cast<const std::uint8_t*>(password.data()), password.size(), false, true, priority,
        tie, nullptr, STUN_USAGE_ICE_COMPATIBILITY_RFC5245));
    return check;
}

/// Where the system would send from. Nothing is sent: connecting a datagram socket only looks the route up.
std::optional<IpAddress> source_towards(const Endpoint& remote)
{
    sockaddr_storage peer{};
    const unsigned size = remote.address.to_sockaddr(remote.port, peer);
    const int probe = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return std::nullopt;
    sockaddr_storage own{};
    socklen_t own_size = sizeof(own);
    const bool known = connect(probe, reinterpret_cast<const sockaddr*>(&peer), size) == 0 &&
                       getsockname(probe, reinterpret_cast<sockaddr*>(&own), &own_size) == 0;
    close(probe);
    const auto source = known ? Endpoint::from_sockaddr(own) : std::nullopt;
    return source ? std::optional(source->address) : std::nullopt;
}

/// The socket that the system would choose, or one of that family.
const PlainLeg* leg_towards(const std::vector<PlainLeg>& legs, const Endpoint& remote)
{
    const auto source = source_towards(remote);
    const PlainLeg* best = nullptr;
    for (const PlainLeg& leg : legs) {
        if (leg.local.address.is_v6() != remote.address.is_v6())
            continue;
        if (source && leg.local.address == *source)
            return &leg;
        if (best == nullptr)
            best = &leg;
    }
    return best;
}

} // namespace

bool Agent::send_early(unsigned component, const Endpoint& remote, const Credentials& theirs,
                       std::span<const Bytes> datagrams) const
{
    const auto legs = sockets_of(component);
    const PlainLeg* const leg = leg_towards(legs, remote);
    if (leg == nullptr)
        return false;
    sockaddr_storage peer{};
    const unsigned size = remote.address.to_sockaddr(remote.port, peer);
    const auto send = [&](const Bytes& bytes) {
        return sendto(g_socket_get_fd(leg->socket.get()), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                      reinterpret_cast<const sockaddr*>(&peer), size) >= 0;
    };
    const std::string username = theirs.ufrag + ':' + credentials().ufrag; // RFC 8445 section 7.2.2
    if (!send(make_check(username, theirs.pwd, priority_if_learnt(leg->local))))
        return false;
    return std::all_of(datagrams.begin(), datagrams.end(), send);
}

} // namespace jackfield::ice
