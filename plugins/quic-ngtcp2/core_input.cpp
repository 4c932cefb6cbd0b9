// What comes in: packets for ngtcp2, what it makes of them, and who hears of it. See core.hpp.
#include "core.hpp"

#include "only_path.hpp"
#include "session.hpp"

#include <jackfield/tls_alert.hpp>

namespace quic_ngtcp2 {

std::shared_ptr<Stream> Core::find(std::int64_t id) const
{
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
}

// ---- packets ----

void Core::received(const jf_packet& packet) noexcept
{
    {
        const Lock lock(mutex_);
        if (phase_ == Phase::over)
            return;
        jf_error error = jackfield::no_error();
        if (jackfield::guarded(&error, [&] { read(jackfield::view(packet.bytes), lock); }) != JF_OK)
            end(error.status, error.text, lock);
        std::swap(arrivals_, handing_up_);
    }
    hand_up(packet.arrival_ns, packet.ecn);
    {
        const Lock lock(mutex_);
        pump(lock);
    }
    serve();
}

void Core::read(ByteView datagram, const Lock& lock)
{
    if (datagram.empty() || (connection_ == nullptr && !let_in(datagram)))
        return;
    const ngtcp2_pkt_info info{};
    const int code = ngtcp2_conn_read_pkt(connection_, &only_path(), &info, datagram.data(), datagram.size(), now());
    if (code == NGTCP2_ERR_DRAINING)
        return peer_ended(lock);
    if (code == NGTCP2_ERR_DROP_CONN && !client_ && phase_ == Phase::handshake) {
        ngtcp2_conn_del(std::exchange(connection_, nullptr)); // it was no hello; one may come yet
        return;
    }
    for (const std::int64_t id : std::exchange(surplus_, {}))
        refuse(id, Code::declined);
    if (code != 0)
        failed(code, lock);
}

/// The peer did what it may not, or ngtcp2 cannot go on.
void Core::failed(int code, const Lock& lock)
{
    ngtcp2_connection_close_error told{};
    ngtcp2_connection_close_error_default(&told);
    const std::uint8_t alert = ngtcp2_conn_get_tls_alert(connection_);
    if (code == NGTCP2_ERR_CRYPTO && alert != 0)
        ngtcp2_connection_close_error_set_transport_error_tls_alert(&told, alert, nullptr, 0);
    else if (code == NGTCP2_ERR_CALLBACK_FAILURE)
        ngtcp2_connection_close_error_set_application_error(&told, static_cast<std::uint64_t>(Code::broken_rules),
                                                            nullptr, 0);
    else
        ngtcp2_connection_close_error_set_transport_error_liberr(&told, code, nullptr, 0);
    if (refusal_)
        return end_with(told, refusal_->status, refusal_->text, lock);
    if (code == NGTCP2_ERR_CRYPTO && alert == GNUTLS_A_NO_APPLICATION_PROTOCOL)
        return end_with(told, JF_UNSUPPORTED,
                        "the peer does not speak " + std::string(kProtocol) + ": " + jackfield::tls_alert_text(alert),
                        lock);
    if (code == NGTCP2_ERR_CRYPTO)
        return end_with(told, alert == 116 ? JF_UNAUTHENTICATED : JF_BAD_INPUT, // certificate_required
                        "the handshake failed: " + jackfield::tls_alert_text(alert), lock);
    const bool versions = code == NGTCP2_ERR_RECV_VERSION_NEGOTIATION;
    end_with(told,
             versions                   ? JF_UNSUPPORTED
             : code == NGTCP2_ERR_NOMEM ? JF_EXHAUSTED
                                        : JF_BAD_INPUT,
             std::string("QUIC: ") + ngtcp2_strerror(code), lock);
}

/// CONNECTION_CLOSE came (RFC 9000 section 10.2).
void Core::peer_ended(const Lock& lock)
{
    ngtcp2_connection_close_error told{};
    ngtcp2_conn_get_connection_close_error(connection_, &told);
    const std::uint64_t code = told.error_code;
    if (told.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION) {
        if (code == static_cast<std::uint64_t>(Code::in_order))
            return end(JF_CLOSED, "the peer closed the connection", lock);
        return end(JF_BAD_INPUT, "the peer ended the connection with its code " + std::to_string(code), lock);
    }
    if (code >= NGTCP2_CRYPTO_ERROR && code <= NGTCP2_CRYPTO_ERROR + 0xff) // RFC 9001 section 4.8
        return end(JF_REFUSED,
                   "the peer refused us: " + jackfield::tls_alert_text(static_cast<std::uint8_t>(code & 0xffU)), lock);
    end(code == NGTCP2_NO_ERROR ? JF_CLOSED : JF_REFUSED,
        "the peer ended the connection with QUIC's code " + std::to_string(code), lock);
}

void Core::writable() noexcept
{
    {
        const Lock lock(mutex_);
        held_up_ = false;
        pump(lock);
    }
    serve();
}

void Core::closed(jackfield::Status status, std::string_view text) noexcept
{
    const Lock lock(mutex_);
    if (phase_ == Phase::handshake)
        end(status, "the path ended during the handshake: " + std::string(text), lock);
    end(status, text, lock);
}

// ---- to those above; without the lock ----

void Core::hand_up(std::int64_t arrival_ns, std::uint32_t ecn)
{
    std::size_t at = 0;
    for (auto& arrival : handing_up_.list) {
        const ByteView bytes = ByteView(handing_up_.bytes).subspan(at, arrival.size);
        at += arrival.size;
        jf_error error = jackfield::no_error();
        if (jackfield::guarded(&error, [&] { hand_up(arrival, bytes, arrival_ns, ecn); }) != JF_OK) {
            ngtcp2_connection_close_error told{};
            ngtcp2_connection_close_error_set_application_error(&told, static_cast<std::uint64_t>(Code::broken_rules),
                                                                nullptr, 0);
            const Lock lock(mutex_);
            end_with(told, error.status, error.text, lock);
        }
    }
    handing_up_.list.clear();
    handing_up_.bytes.clear();
}

void Core::hand_up(const Arrival& arrival, ByteView bytes, std::int64_t arrival_ns, std::uint32_t ecn)
{
    const auto& stream = arrival.stream;
    if (arrival.end != JF_OK)
        return end_stream(stream, arrival.end);
    if (arrival.datagram) {
        stream->gate.deliver(jackfield::make_packet(bytes, arrival_ns, ecn)); // one that nobody waits for is lost
        return;
    }
    Stream::State state{};
    {
        const Lock lock(mutex_);
        state = stream->state;
    }
    const std::size_t size = bytes.size();
    if (state == Stream::State::naming)
        bytes = take_head(stream, bytes);
    else if (state == Stream::State::asked)
        bytes = take_answer(stream, bytes);
    if (!bytes.empty() && stream->kind == JF_DATAGRAM)
        throw jackfield::Failure(JF_BAD_INPUT, "the peer sent bytes on the stream of a channel of datagrams");
    if (!bytes.empty())
        stream->gate.deliver(jackfield::make_packet(bytes, arrival_ns, ecn)); // one that is closed throws it away
    const Lock lock(mutex_);
    give_credit(*stream, size, lock);
}

/// What follows the head of a channel may have come with it.
ByteView Core::take_head(const std::shared_ptr<Stream>& stream, ByteView bytes)
{
    const auto head = stream->head.next(bytes);
    if (!head)
        return bytes;
    {
        const Lock lock(mutex_);
        stream->kind = head->kind;
        stream->name = head->name;
        stream->state = Stream::State::requested;
    }
    scope_.post([this, stream] { announce(stream); });
    return bytes;
}

ByteView Core::take_answer(const std::shared_ptr<Stream>& stream, ByteView bytes)
{
    if (bytes.front() != kAccepted)
        throw jackfield::Failure(JF_BAD_INPUT, "the peer answered a channel with " + std::to_string(bytes.front()));
    std::unique_ptr<jackfield::ChannelDone> asked;
    {
        const Lock lock(mutex_);
        stream->state = Stream::State::open;
        asked = std::move(stream->asked);
    }
    if (asked)
        asked->succeed(std::make_unique<QuicChannel>(shared_from_this(), stream));
    return bytes.subspan(1);
}

/// FIN, or the peer broke it off.
void Core::end_stream(const std::shared_ptr<Stream>& stream, jackfield::Status status)
{
    std::unique_ptr<jackfield::ChannelDone> asked;
    bool declined = false;
    {
        const Lock lock(mutex_);
        asked = std::move(stream->asked);
        declined = stream->state == Stream::State::asked;
        if (stream->state == Stream::State::requested || stream->state == Stream::State::naming)
            refuse(stream->id, Code::declined); // withdrawn
    }
    const std::string text = declined ? "the peer declined the channel \"" + stream->name + "\"" : std::string();
    if (asked)
        asked->fail(JF_REFUSED, text);
    if (declined)
        return stream->gate.ended(JF_REFUSED, text);
    stream->gate.ended(status, status == JF_CLOSED ? "the peer closed the channel" : "the peer broke the channel off");
}

/// Only for what has been read: what waits to be read, or for us to accept the channel, holds the peer back.
void Core::give_credit(Stream& stream, std::size_t bytes, const Lock&)
{
    stream.unread += bytes;
    const bool ours = stream.state == Stream::State::naming || stream.state == Stream::State::asked; // head or answer
    const bool used_up = stream.reading || stream.finished || ours;
    if (!used_up || phase_ == Phase::over || !streams_.contains(stream.id))
        return;
    ngtcp2_conn_extend_max_stream_offset(connection_, stream.id, std::exchange(stream.unread, 0));
}

} // namespace quic_ngtcp2
