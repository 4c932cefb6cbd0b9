// Asks one STUN server which NAT is in front of us. See stun_probe.hpp.
#include "stun_probe.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace jackfield::ice {

namespace {

using namespace std::chrono_literals;

constexpr shared_stun::BehaviourDiscovery::Settings kSettings{150ms, 5, 3}; // 4.7 s until a server counts as silent
constexpr int kHairpins = 3;
constexpr auto kHairpinPause = 200ms;

} // namespace

StunProbe::StunProbe(GlibLoop& loop, Host host, StunFacts& facts, std::function<void()> done)
    : loop_(loop), host_(host), facts_(facts), done_(std::move(done))
{}

void StunProbe::start(const Endpoint& server, const std::optional<Nat64Prefix>& nat64)
{
    nat64_ = nat64;
    // Connecting would keep out what comes from the server's other address: the socket is bound to where it would send
    // from, and no more.
    const auto source = source_towards(server.address);
    if (!source) {
        facts_.problem = "there is no route to it";
        return finish();
    }
    facts_.problem = socket_.open(SOCK_DGRAM, server.address);
    if (!facts_.problem.empty())
        return finish();
    sockaddr_storage address{};
    const auto size = source->to_sockaddr(0, address);
    if (bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        facts_.problem = words_of(errno);
        return finish();
    }
    const int yes = 1; // what ICMP says of our packets comes back as an error
    setsockopt(socket_.descriptor(), server.address.is_v6() ? IPPROTO_IPV6 : IPPROTO_IP,
               server.address.is_v6() ? IPV6_RECVERR : IP_RECVERR, &yes, sizeof(yes));
    const auto local = socket_.local().value_or(Endpoint{});
    const auto v4 = nat64_ ? nat64_->to_v4(server.address) : std::nullopt;
    const Endpoint seen{v4.value_or(server.address), server.port};
    discovery_.emplace(seen, local, [host = host_](std::span<std::uint8_t> out) { host.random(out); }, kSettings);
    began_ = now();
    socket_.watch(loop_.context(), static_cast<GIOCondition>(G_IO_IN | G_IO_ERR), [this] { readable(); });
    turn();
}

unsigned StunProbe::way_to(const Endpoint& place, sockaddr_storage& address) const
{
    const auto v6 = nat64_ ? nat64_->to_v6(place.address) : std::nullopt;
    return v6.value_or(place.address).to_sockaddr(place.port, address);
}

/// Sends what is due, and comes again when there is more.
void StunProbe::turn()
{
    if (!done_ || !discovery_)
        return;
    for (const auto& [to, bytes] : discovery_->send(now())) {
        sockaddr_storage address{};
        const auto size = way_to(to, address);
        if (sendto(socket_.descriptor(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                   size) < 0 &&
            errno != EAGAIN && !facts_.answered())
            facts_.problem = words_of(errno);
    }
    if (discovery_->report())
        return try_hairpin();
    const auto pause = *discovery_->next() - now();
    const auto in = std::max(std::chrono::ceil<std::chrono::milliseconds>(pause), std::chrono::milliseconds(1));
    loop_.post_after(in, [weak = weak_from_this()] {
        if (const auto self = weak.lock())
            self->turn();
    });
}

void StunProbe::readable()
{
    while (done_) {
        std::array<std::uint8_t, shared_stun::kMaxMessageBytes> packet;
        sockaddr_storage address{};
        socklen_t size = sizeof(address);
        const auto got = recvfrom(socket_.descriptor(), packet.data(), packet.size(), 0,
                                  reinterpret_cast<sockaddr*>(&address), &size);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0) {
            heard_error(errno);
            continue;
        }
        const auto from = Endpoint::from_sockaddr(address);
        const auto v4 = nat64_ && from ? nat64_->to_v4(from->address) : std::nullopt;
        if (from)
            take({v4.value_or(from->address), from->port}, ByteView(packet.data(), static_cast<std::size_t>(got)));
    }
}

/// ICMP about a packet of ours. Of one to the server's other address it means no more than silence.
void StunProbe::heard_error(int error)
{
    char nothing[1];
    msghdr message{};
    iovec part{nothing, sizeof(nothing)};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    while (recvmsg(socket_.descriptor(), &message, MSG_ERRQUEUE) >= 0) { // or the socket stays ready for ever
    }
    if (facts_.answer_ms != 0 || (error != ECONNREFUSED && error != EHOSTUNREACH && error != ENETUNREACH))
        return;
    facts_.refused = error == ECONNREFUSED;
    facts_.problem = words_of(error);
    finish();
}

void StunProbe::take(const Endpoint& from, ByteView packet)
{
    if (hairpins_ > 0) {
        const auto message = shared_stun::read_message(packet);
        if (message && message->kind == shared_stun::Class::request && message->id == hairpin_id_) {
            facts_.hairpin = true;
            finish();
        }
        return;
    }
    const bool first = facts_.answer_ms == 0;
    discovery_->receive(from, packet, now());
    if (first && packet.size() >= shared_stun::kHeaderBytes) {
        facts_.answer_ms = std::chrono::duration<double, std::milli>(now() - began_).count();
        facts_.problem.clear();
    }
    turn(); // there may be something to send at once
}

/// A request to where the server saw us, from the very socket that it saw: what the filter lets in if anything.
void StunProbe::try_hairpin()
{
    facts_.report = *discovery_->report();
    const auto& report = facts_.report;
    const bool pointless = !report.mapped || !report.translated || hairpins_ == kHairpins ||
                           report.mapping != shared_stun::Dependence::endpoint_independent;
    if (hairpins_ == kHairpins)
        facts_.hairpin = false;
    if (pointless)
        return finish();
    if (hairpins_++ == 0)
        host_.random(hairpin_id_);
    shared_stun::Message request;
    request.id = hairpin_id_;
    const auto bytes = write_message(request, true);
    sockaddr_storage address{};
    const auto size = way_to(*report.mapped, address);
    sendto(socket_.descriptor(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address), size);
    loop_.post_after(kHairpinPause, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && self->done_)
            self->try_hairpin();
    });
}

void StunProbe::finish()
{
    const auto done = std::exchange(done_, {});
    socket_.close();
    if (done)
        done();
}

void StunProbe::end()
{
    if (discovery_ && discovery_->report())
        facts_.report = *discovery_->report();
    done_ = {};
    socket_.close();
}

} // namespace jackfield::ice
