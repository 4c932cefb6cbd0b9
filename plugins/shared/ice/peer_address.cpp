// See peer_address.hpp.
#include "peer_address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace jackfield::ice {

namespace {

/// RTP and RTCP of version 2, DTLS, STUN: what may come on a media port (RFC 7983 section 7).
bool looks_like_media(ByteView packet)
{
    return packet.size() >= 8 && (packet[0] <= 3 || (packet[0] >= 20 && packet[0] <= 63) || (packet[0] >> 6) == 2);
}

} // namespace

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr_storage& storage)
{
    const auto address = IpAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage));
    if (!address)
        return std::nullopt;
    sockaddr_in v4{}; // in both, the port follows the family
    std::memcpy(&v4, &storage, sizeof(v4));
    return Endpoint{*address, ntohs(v4.sin_port)};
}

void PeerAddress::announce(const Endpoint& announced)
{
    const bool nowhere = announced.port == 0 || announced.address.is_unspecified();
    if (announced_ && !nowhere && *announced_ == announced)
        return; // as it was: wherever the peer was found, it is there still
    if (destination_ && !(announced == *destination_))
        former_ = destination_;
    announced_.reset();
    if (!nowhere)
        announced_ = announced;
    destination_ = announced_;
    settled_ = away_ = false;
}

PeerAddress::Verdict PeerAddress::look(const Endpoint& from, ByteView packet)
{
    if (announced_ && from == *announced_) {
        settled_ = true;
        if (!std::exchange(away_, false))
            return Verdict::peer;
        destination_ = announced_;
        return Verdict::moved;
    }
    if (away_)
        return from == *destination_ ? Verdict::peer : Verdict::stranger;
    if (settled_ || (former_ && from == *former_) || !looks_like_media(packet))
        return Verdict::stranger;
    away_ = true;
    destination_ = from;
    return Verdict::moved;
}

} // namespace jackfield::ice
