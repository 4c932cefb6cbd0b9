// Where a peer without ICE is: at the address it announced, or where its packets come from (symmetric RTP, RFC 4961).
//
// In clear RTP everybody who guesses a port could have the media sent to himself. So only the first packet may come
// from elsewhere, it must look like media, and the announced address takes its place back by the first packet of its
// own; from then on nothing moves.
//
// Threads: one at a time. Lifetime: a value.
#pragma once

#include "ip_address.hpp"

#include <jackfield/basic.hpp>

namespace jackfield::ice {

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;

    /// Empty if it is neither IPv4 nor IPv6.
    static std::optional<Endpoint> from_sockaddr(const sockaddr_storage& storage);

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

class PeerAddress {
public:
    enum class Verdict {
        stranger, // nobody's packet
        peer,     // the peer's, from where we send to
        moved     // the peer's, and what we send goes there from here on
    };

    /// What the peer's description says; all zeros, or port 0: nowhere until a packet comes. A second one moves it, and
    /// what is still under way from where it was before moves nothing.
    void announce(const Endpoint& announced);

    Verdict look(const Endpoint& from, ByteView packet);

    /// Where to send; nothing if that is not known yet.
    const std::optional<Endpoint>& destination() const { return destination_; }

    /// Packets go to where one came from, and not to where the peer announced.
    bool found_elsewhere() const { return away_; }

private:
    std::optional<Endpoint> announced_;
    std::optional<Endpoint> destination_;
    std::optional<Endpoint> former_;
    bool settled_ = false; // the announced address has been heard
    bool away_ = false;    // somebody else was heard first
};

} // namespace jackfield::ice
