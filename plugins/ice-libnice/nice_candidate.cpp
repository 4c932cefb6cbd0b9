// Conversion both ways; what libnice leaves open (port of an active candidate, related address) is filled in here.
//
// Threads: pure functions on copies.
#include "nice_candidate.hpp"

#include <jackfield/basic.hpp>

#include <netinet/in.h>

#include <cstring>

namespace jackfield::ice {

namespace {

IpAddress address_of(const NiceAddress& nice)
{
    sockaddr_storage storage{};
    nice_address_copy_to_sockaddr(&nice, reinterpret_cast<sockaddr*>(&storage));
    const auto address = IpAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage));
    if (!address)
        throw Failure(JF_INTERNAL, "libnice named a candidate that is neither IPv4 nor IPv6");
    return *address;
}

std::uint16_t port_of(const NiceAddress& nice)
{
    return static_cast<std::uint16_t>(nice_address_get_port(&nice));
}

constexpr NiceCandidateType kTypes[] = {NICE_CANDIDATE_TYPE_HOST, NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE,
                                        NICE_CANDIDATE_TYPE_PEER_REFLEXIVE, NICE_CANDIDATE_TYPE_RELAYED};
constexpr NiceCandidateTransport kTransports[] = {NICE_CANDIDATE_TRANSPORT_UDP, NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE,
                                                  NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE,
                                                  NICE_CANDIDATE_TRANSPORT_TCP_SO};

} // namespace

NiceAddress to_nice(const IpAddress& address, std::uint16_t port)
{
    NiceAddress nice;
    nice_address_init(&nice);
    if (address.is_v6()) {
        nice_address_set_ipv6(&nice, address.bytes());
    } else {
        std::uint32_t v4 = 0;
        std::memcpy(&v4, address.bytes(), sizeof(v4));
        nice_address_set_ipv4(&nice, ntohl(v4));
    }
    nice_address_set_port(&nice, port);
    return nice;
}

NiceCandidatePtr to_nice(const Candidate& candidate, guint stream)
{
    NiceCandidatePtr nice(nice_candidate_new(kTypes[static_cast<std::size_t>(candidate.type)]));
    nice->transport = kTransports[static_cast<std::size_t>(candidate.transport)];
    nice->addr = to_nice(candidate.address, candidate.port);
    nice->base_addr =
        candidate.related_address ? to_nice(*candidate.related_address, candidate.related_port) : nice->addr;
    nice->priority = candidate.priority;
    nice->stream_id = stream;
    nice->component_id = candidate.component;
    candidate.foundation.copy(nice->foundation, sizeof(nice->foundation) - 1); // memory comes zeroed
    return nice;
}

Candidate from_nice(const NiceCandidate& nice, bool hide_related)
{
    Candidate candidate;
    candidate.foundation = nice.foundation;
    candidate.component = nice.component_id;
    candidate.transport = static_cast<Transport>(nice.transport);
    candidate.priority = nice.priority;
    candidate.address = address_of(nice.addr);
    candidate.port = port_of(nice.addr);
    candidate.type = static_cast<CandidateType>(nice.type);
    // raddr and rport MUST be there for all but host candidates (RFC 8839 section 5.1).
    if (candidate.type != CandidateType::host) {
        if (hide_related || !nice_address_is_valid(&nice.base_addr)) {
            candidate.related_address = IpAddress::parse(candidate.address.is_v6() ? "::" : "0.0.0.0");
            candidate.related_port = 9;
        } else {
            candidate.related_address = address_of(nice.base_addr);
            candidate.related_port = port_of(nice.base_addr);
        }
    }
    return candidate;
}

} // namespace jackfield::ice
