// What goes out: datagrams before channels, channels in turn, and the timer that QUIC wants. See core.hpp.
#include "core.hpp"

#include <shared/mux/outlet.hpp>

namespace quic_ngtcp2 {

namespace {

// One byte of flags, no id, at most 4 of the packet's number, 16 of the tag; a DATAGRAM frame has a type and a length
// of two bytes (RFC 9000 section 17.3, RFC 9221 section 4).
constexpr std::uint32_t kPacketOverhead = 1 + 4 + 16;
constexpr std::uint32_t kDatagramOverhead = kPacketOverhead + 1 + 2;
constexpr std::uint32_t kStreamOverhead = kPacketOverhead + 1 + 8 + 8 + 2;

} // namespace

jf_path_info Core::describe(const Stream& stream) const
{
    const auto flow = static_cast<std::uint32_t>(write_flow(stream.flow).size);
    const bool datagrams = stream.kind == JF_DATAGRAM;
    const std::uint32_t added = datagrams ? kDatagramOverhead + flow : kStreamOverhead;
    return {sizeof(jf_path_info),
            stream.kind,
            datagrams ? static_cast<std::uint32_t>(mtu_) - added : JF_STREAM_SEND_MAX,
            below_info_.overhead_bytes + added,
            datagrams ? 0U : 1U,
            1};
}

jackfield::Status Core::send(Stream& stream, std::span<const jf_bytes> parts)
{
    const std::size_t size = jackfield::total_size(parts);
    const bool datagrams = stream.kind == JF_DATAGRAM;
    if (size > describe(stream).max_datagram_bytes || (size == 0 && datagrams))
        return JF_BAD_INPUT;
    const Lock lock(mutex_);
    if (phase_ != Phase::secured || stream.finished || stream.dead || stream.gate.over())
        return JF_CLOSED;
    if (size == 0)
        return JF_OK;
    if (stream.wanted || (datagrams ? datagrams_.full() : !has_room(stream, size))) {
        stream.wanted = true; // once one was refused, smaller ones do not overtake it
        return JF_WOULD_BLOCK;
    }
    if (datagrams)
        datagrams_.push(0, write_flow(stream.flow).view(), parts);
    else
        stream.out.push(parts);
    pump(lock);
    return phase_ == Phase::secured ? JF_OK : JF_CLOSED;
}

/// A channel keeps twice what congestion control lets out in a round trip, within limits: with less, the window would
/// be used half. Lock held.
bool Core::has_room(Stream& stream, std::size_t size)
{
    if (stream.out.has_room(size))
        return true;
    if (connection_ == nullptr || phase_ == Phase::over)
        return false;
    ngtcp2_conn_stat now_at{};
    ngtcp2_conn_get_conn_stat(connection_, &now_at);
    stream.out.raise_limit(
        static_cast<std::size_t>(std::min<std::uint64_t>(2 * now_at.cwnd, options_.max_window_bytes)) + kHeadRoom);
    return stream.out.has_room(size);
}

/// Sends all that congestion control and the path below allow. Lock held.
void Core::pump(const Lock& lock)
{
    if (connection_ == nullptr || phase_ == Phase::over)
        return;
    if (packet_size_ > 0 && !pass_on(packet_size_))
        return;
    const ngtcp2_tstamp at = now();
    for (;;) {
        const ngtcp2_ssize size = write_packet(at);
        if (size < 0)
            return failed(static_cast<int>(size), lock);
        if (size == 0 || !pass_on(static_cast<std::size_t>(size)))
            break;
    }
    arm(lock);
}

/// False if the path below takes nothing for now; then the packet waits.
bool Core::pass_on(std::size_t size)
{
    held_up_ = below_.send(ByteView(packet_.data(), size)) == JF_WOULD_BLOCK;
    packet_size_ = held_up_ ? size : 0; // whatever else the path answers, to QUIC it is a loss
    return !held_up_;
}

/// The next packet, 0 if there is none, or an error.
ngtcp2_ssize Core::write_packet(ngtcp2_tstamp at)
{
    if (!datagrams_.empty())
        return write_datagram(at);
    for (;;) {
        const auto next =
            shared_mux::next_in_turn(streams_, last_turn_, [](const Stream& stream) { return stream.has_to_send(); });
        if (next == nullptr)
            break;
        last_turn_ = next->id;
        const ngtcp2_ssize size = write_stream(*next, at);
        if (size == NGTCP2_ERR_STREAM_DATA_BLOCKED)
            next->blocked = true;
        else if (size == NGTCP2_ERR_STREAM_SHUT_WR || size == NGTCP2_ERR_STREAM_NOT_FOUND)
            next->dead = true;
        else
            return size;
    }
    ngtcp2_pkt_info info{};
    return ngtcp2_conn_write_pkt(connection_, nullptr, &info, packet_.data(), mtu_, at);
}

ngtcp2_ssize Core::write_datagram(ngtcp2_tstamp at)
{
    const auto& first = datagrams_.front();
    const ngtcp2_vec piece{first.data, first.size};
    int accepted = 0;
    ngtcp2_pkt_info info{};
    const ngtcp2_ssize size = ngtcp2_conn_writev_datagram(connection_, nullptr, &info, packet_.data(), mtu_, &accepted,
                                                          NGTCP2_WRITE_DATAGRAM_FLAG_NONE, first.id, &piece, 1, at);
    const bool hopeless = size == NGTCP2_ERR_INVALID_STATE || size == NGTCP2_ERR_INVALID_ARGUMENT;
    if (accepted != 0 || hopeless) // the peer takes no datagrams, or none so large
        datagrams_.pop();
    return hopeless ? write_packet(at) : size;
}

ngtcp2_ssize Core::write_stream(Stream& stream, ngtcp2_tstamp at)
{
    std::array<ngtcp2_vec, 2> pieces{};
    const std::size_t count = stream.out.front(pieces);
    const std::size_t offered = pieces[0].len + pieces[1].len;
    ngtcp2_ssize taken = -1;
    ngtcp2_pkt_info info{};
    const std::uint32_t flags = stream.finished ? NGTCP2_WRITE_STREAM_FLAG_FIN : NGTCP2_WRITE_STREAM_FLAG_NONE;
    const ngtcp2_ssize size = ngtcp2_conn_writev_stream(connection_, nullptr, &info, packet_.data(), mtu_, &taken,
                                                        flags, stream.id, pieces.data(), count, at);
    if (taken >= 0) {
        stream.out.sent(static_cast<std::size_t>(taken));
        stream.fin_sent = stream.finished && static_cast<std::size_t>(taken) == offered;
    }
    return size;
}

// ---- those who wait to send; without the lock ----

void Core::serve()
{
    while (const auto stream = next_to_tell())
        stream->gate.writable();
}

std::shared_ptr<Stream> Core::next_to_tell()
{
    const Lock lock(mutex_);
    const auto ready = [&](Stream& stream) {
        return stream.wanted &&
               (stream.kind == JF_DATAGRAM ? datagrams_.half_empty() : has_room(stream, JF_STREAM_SEND_MAX));
    };
    auto found = ready(*secured_) ? secured_ : shared_mux::next_in_turn(streams_, last_turn_, ready);
    if (found != nullptr)
        found->wanted = false;
    return found;
}

// ---- time ----

/// The timer is set when it must run out sooner than it will. So a packet of media costs none, and one that runs out
/// too soon looks when it is needed next.
void Core::arm(const Lock&)
{
    const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(connection_);
    if (expiry >= armed_)
        return;
    armed_ = expiry;
    scope_.post([this] { set_timer(); });
}

/// [control]
void Core::set_timer()
{
    ngtcp2_tstamp at = 0;
    {
        const Lock lock(mutex_);
        if (phase_ == Phase::over || armed_ == UINT64_MAX)
            return;
        at = armed_;
    }
    const ngtcp2_tstamp already = now();
    timer_.start(jackfield::Nanoseconds(at > already ? at - already : 0), [this] { run_timer(); });
}

/// [control]
void Core::run_timer()
{
    {
        const Lock lock(mutex_);
        if (phase_ == Phase::over || connection_ == nullptr)
            return;
        armed_ = UINT64_MAX;
        const ngtcp2_tstamp at = now();
        if (ngtcp2_conn_get_expiry(connection_) <= at) {
            const int code = ngtcp2_conn_handle_expiry(connection_, at);
            if (code == NGTCP2_ERR_IDLE_CLOSE)
                return end(JF_TIMEOUT, "the peer was silent for " + std::to_string(options_.idle_timeout_ms) + " ms",
                           lock);
            if (code != 0)
                return failed(code, lock);
        }
        pump(lock);
    }
    serve();
}

} // namespace quic_ngtcp2
