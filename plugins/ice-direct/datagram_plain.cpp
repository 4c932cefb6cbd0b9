// A peer without ICE: where it is, which socket of ours leads there, and whose packets are its own.
//
// Threads: see component.hpp.
#include "datagram_component.hpp"

#include <shared/ice/local_addresses.hpp>

#include <asio/post.hpp>

namespace jackfield::direct {

void DatagramComponent::go_plain(ice::Candidate announced)
{
    asio::post(context_, [self = shared_from_this(), announced = std::move(announced)] {
        if (self->stopped_)
            return;
        if (!self->plain_)
            self->plain_.emplace();
        self->plain_->announce({announced.address, announced.port});
        self->take_plain(self->leg_towards(announced.address));
        self->replay_kept();
    });
}

/// A telephone speaks as soon as it has answered, and its first packet may be here before its answer: the beginning of
/// a DTLS handshake would be missed for a second (RFC 6347 section 4.2.4.1).
void DatagramComponent::keep(std::size_t leg, const jf_packet& packet)
{
    if (kept_.size() < kMaxKept)
        kept_.push_back({leg, from_, packet, Bytes(packet.bytes.data, packet.bytes.data + packet.bytes.size)});
}

void DatagramComponent::replay_kept()
{
    for (auto& kept : std::exchange(kept_, {})) {
        from_ = kept.from;
        kept.packet.bytes = to_bytes(kept.bytes);
        received_plain(kept.leg, kept.packet);
    }
}

/// The one that the system itself would send from; any of that family, if it has none of ours.
std::size_t DatagramComponent::leg_towards(const ice::IpAddress& remote) const
{
    const auto source = ice::source_towards(remote);
    std::size_t found = plain_leg_;
    for (std::size_t leg = legs_.size(); leg-- > 0;) {
        const auto& own = legs_[leg].local.address;
        if (source && own == *source)
            return leg;
        if (own.is_v6() == remote.is_v6())
            found = leg;
    }
    return found;
}

void DatagramComponent::take_plain(std::size_t leg)
{
    plain_leg_ = leg;
    ice::Candidate remote;
    remote.component = setup_.number;
    const auto& destination = plain_->destination();
    if (destination) {
        remote.address = destination->address;
        remote.port = destination->port;
        if (plain_->found_elsewhere())
            remote.type = ice::CandidateType::peer_reflexive;
        take(leg, {to_asio(remote.address), remote.port});
    } else {
        path_->take_nowhere();
    }
    if (!silenced_)
        events_.selected(legs_[leg].local, remote, 0);
}

void DatagramComponent::received_plain(std::size_t leg, const jf_packet& packet)
{
    using enum ice::PeerAddress::Verdict;
    const auto verdict = plain_->look({from_asio(from_.address()), from_.port()}, view(packet.bytes));
    if (verdict == stranger)
        return;
    if (verdict == moved || leg != plain_leg_)
        take_plain(leg);
    path_->deliver(packet);
}

} // namespace jackfield::direct
