// See plain_way.hpp.
#include "plain_way.hpp"

#include <shared/ice/local_addresses.hpp>

#include <cerrno>

namespace jackfield::ice {

namespace {

constexpr int kDatagramsInARow = 32; // then other sockets of the loop have their turn
constexpr std::size_t kMaxParts = 16;

} // namespace

PlainWay::PlainWay(unsigned component, std::vector<PlainLeg> legs, Events events)
    : component_(component), legs_(std::move(legs)), events_(std::move(events))
{}

void PlainWay::start(GMainContext* context)
{
    for (std::size_t leg = 0; leg < legs_.size(); ++leg) {
        ears_.push_back(std::make_unique<Ear>(Ear{this, leg, nullptr}));
        Ear& ear = *ears_.back();
        ear.source.reset(g_socket_create_source(legs_[leg].socket.get(), G_IO_IN, nullptr));
        const GSocketSourceFunc readable = [](GSocket*, GIOCondition, gpointer data) -> gboolean {
            const Ear& self = *static_cast<Ear*>(data);
            self.way->read(self.leg);
            return G_SOURCE_CONTINUE;
        };
        g_source_set_callback(ear.source.get(), reinterpret_cast<GSourceFunc>(reinterpret_cast<void (*)()>(readable)),
                              &ear, nullptr);
        g_source_attach(ear.source.get(), context);
    }
}

void PlainWay::announce(const Candidate& announced)
{
    peer_.announce({announced.address, announced.port});
    take(leg_towards(announced.address));
}

/// The one that the system itself would send from; any of that family, if it has none of ours.
std::size_t PlainWay::leg_towards(const IpAddress& remote) const
{
    const auto source = source_towards(remote);
    std::size_t found = leg_;
    for (std::size_t leg = legs_.size(); leg-- > 0;) {
        if (source && legs_[leg].local.address == *source)
            return leg;
        if (legs_[leg].local.address.is_v6() == remote.is_v6())
            found = leg;
    }
    return found;
}

void PlainWay::take(std::size_t leg)
{
    leg_ = leg;
    Candidate remote;
    remote.foundation = "0";
    remote.component = component_;
    remote.priority = 1;
    {
        const std::lock_guard lock(mutex_);
        native_ = g_socket_get_fd(legs_[leg].socket.get());
        remote_bytes_ = 0;
        if (const auto& destination = peer_.destination()) {
            remote.address = destination->address;
            remote.port = destination->port;
            remote.type = peer_.found_elsewhere() ? CandidateType::peer_reflexive : CandidateType::host;
            remote_bytes_ = remote.address.to_sockaddr(remote.port, remote_);
        }
    }
    events_.selected(legs_[leg].local, remote);
}

void PlainWay::read(std::size_t leg)
{
    std::array<std::uint8_t, 2048> buffer;
    const int native = g_socket_get_fd(legs_[leg].socket.get());
    for (int i = 0; i < kDatagramsInARow; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof(address);
        const ssize_t count = recvfrom(native, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC,
                                       reinterpret_cast<sockaddr*>(&address), &size);
        if (count < 0)
            return;
        if (count == 0 || static_cast<std::size_t>(count) > buffer.size())
            continue; // larger than any that a peer may send
        const auto from = Endpoint::from_sockaddr(address);
        const ByteView packet(buffer.data(), static_cast<std::size_t>(count));
        const auto verdict = from ? peer_.look(*from, packet) : PeerAddress::Verdict::stranger;
        if (verdict == PeerAddress::Verdict::stranger)
            continue;
        if (verdict == PeerAddress::Verdict::moved || leg != leg_)
            take(leg);
        events_.received(packet);
    }
}

Status PlainWay::send(std::span<const jf_bytes> parts) noexcept
{
    std::array<iovec, kMaxParts> vectors;
    if (parts.size() > vectors.size())
        return JF_BAD_INPUT;
    for (std::size_t i = 0; i < parts.size(); ++i)
        vectors[i] = {const_cast<std::uint8_t*>(parts[i].data), parts[i].size};
    const std::lock_guard lock(mutex_);
    if (remote_bytes_ == 0)
        return JF_OK;
    msghdr message{};
    message.msg_name = &remote_;
    message.msg_namelen = remote_bytes_;
    message.msg_iov = vectors.data();
    message.msg_iovlen = parts.size();
    if (sendmsg(native_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || (errno != EAGAIN && errno != ENOBUFS))
        return JF_OK; // an unreachable host is a lost datagram
    return JF_WOULD_BLOCK;
}

} // namespace jackfield::ice
