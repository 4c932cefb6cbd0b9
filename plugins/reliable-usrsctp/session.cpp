// A session from its handshake to its end, in the order in which things happen.
//
// Threads: see session.hpp.
#include "session.hpp"

namespace reliable_usrsctp {

using jackfield::ByteView;
using jackfield::Failure;
using jackfield::Status;

namespace {

constexpr std::uint32_t kHeadersBytes = 12 + 16; // SCTP common header, header of a DATA chunk (RFC 9260 section 3)

/// Between heartbeats, and at most between retransmissions: several go unanswered before the peer counts as gone.
std::uint32_t eighth_of(std::chrono::milliseconds timeout)
{
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(timeout.count() / 8, 100, 2000));
}

} // namespace

Session::Session(jackfield::Host host, std::shared_ptr<Engine> engine, jackfield::Path below,
                 jackfield::ReliableListener listener, const SessionOptions& options)
    : scope_(host),
      engine_(std::move(engine)),
      below_(below),
      listener_(listener),
      options_(options),
      below_info_(below.describe()),
      timer_(host),
      heard_ns_(host.now_ns())
{
    if (below_info_.kind != JF_DATAGRAM)
        throw Failure(JF_UNSUPPORTED, "the path below is a stream already; reliable-usrsctp takes datagrams");
    if (below_info_.max_datagram_bytes < kSmallestPacketBytes)
        throw Failure(JF_UNSUPPORTED, "the path below carries " + std::to_string(below_info_.max_datagram_bytes) +
                                          " bytes a datagram; SCTP needs " + std::to_string(kSmallestPacketBytes));
    address_ = engine_->add(*this, outlet_);
    try {
        begin();
    } catch (...) {
        engine_->silence(address_);
        outlet_->detach();
        if (below_open_)
            below_.close();
        socket_.reset();
        engine_->remove(address_);
        throw;
    }
}

void Session::begin()
{
    // usrsctp must not give up before our own watch does: its limit counts retransmissions, 100 ms apart or more.
    const auto limit = static_cast<std::uint32_t>(std::max(options_.timeout, options_.handshake_timeout).count() / 100);
    socket_ = std::make_unique<Socket>(SocketOptions{address_, below_info_.max_datagram_bytes,
                                                     eighth_of(options_.timeout), eighth_of(options_.timeout), limit});
    socket_->connect(); // the first packet waits in the outlet
    below_.open(*this);
    below_open_ = true;
    outlet_->attach(below_);
    timer_.start(options_.handshake_timeout, [this] { watch_handshake(); });
}

void Session::watch_handshake()
{
    if (up_)
        return watch_peer();
    set_end(JF_TIMEOUT, "no SCTP handshake within " + std::to_string(options_.handshake_timeout.count()) + " ms");
    work();
}

/// The peer answers our heartbeats, so silence means that it is gone.
void Session::watch_peer()
{
    const jackfield::Nanoseconds quiet(scope_.host().now_ns() - heard_ns_);
    if (quiet < options_.timeout) {
        timer_.start(options_.timeout - quiet, [this] { watch_peer(); });
        return;
    }
    set_end(JF_TIMEOUT, "nothing came from the peer for " + std::to_string(options_.timeout.count()) + " ms");
    work();
}

void Session::received(const jf_packet& packet) noexcept
{
    heard_ns_ = scope_.host().now_ns();
    arrival_ns_ = packet.arrival_ns;
    socket_->input(jackfield::view(packet.bytes));
    work();
}

void Session::closed(Status status, std::string_view text) noexcept
{
    // Nobody may take the cut of a datagram path for the end of the stream: that one is said inside it.
    set_end(status == JF_CLOSED ? JF_UNREACHABLE : status,
            "the path below ended before the stream: " + std::string(text));
    work();
}

jf_path_info Session::describe() const noexcept
{
    return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, below_info_.overhead_bytes + kHeadersBytes, 1,
            below_info_.secured};
}

void Session::open(jf_path_receiver receiver)
{
    gate_.open(receiver);
    reading_ = true;
    work();
}

Status Session::send(std::span<const jf_bytes> parts) noexcept
{
    const std::size_t size = jackfield::total_size(parts);
    if (size > JF_STREAM_SEND_MAX)
        return JF_BAD_INPUT;
    if (gate_.over() || !up_)
        return JF_CLOSED;
    const std::lock_guard lock(sending_);
    if (closing_)
        return JF_CLOSED;
    if (!queue_.has_room(size + sizeof(std::uint32_t))) {
        refused_ = true;
        return JF_WOULD_BLOCK;
    }
    for (const auto& part : parts)
        queue_.push(jackfield::view(part));
    feed();
    return JF_OK;
}

void Session::close() noexcept
{
    gate_.shut();
    reading_ = true;
    {
        const std::lock_guard lock(sending_);
        closing_ = true;
        feed();
    }
    work(); // what nobody will read must not hold the peer up
}

void Session::work() noexcept
{
    if (wanted_.fetch_add(1) != 0)
        return; // whoever is at it goes round once more
    unsigned done = 0;
    do {
        done = wanted_.load();
        read_all();
        bool tell = false;
        {
            const std::lock_guard lock(sending_);
            tell = feed();
        }
        if (tell)
            gate_.writable();
        tell_end();
    } while (wanted_.fetch_sub(done) != done);
}

/// Until the stream is open nothing but the handshake is read: the rest waits in SCTP's window, which holds the peer.
void Session::read_all() noexcept
{
    while (!up_ || reading_) {
        const Socket::Event event = socket_->receive(piece_);
        switch (event.kind) {
        case Socket::Event::Kind::nothing:
            return;
        case Socket::Event::Kind::data:
            gate_.deliver(jackfield::make_packet({piece_.data(), event.size}, arrival_ns_));
            socket_->note_read(event.size, jackfield::Nanoseconds(scope_.host().now_ns()));
            break;
        case Socket::Event::Kind::up:
            come_up();
            break;
        case Socket::Event::Kind::ended:
            set_end(event.status, event.text);
            tell_end();
            if (event.status == JF_BAD_INPUT)
                socket_->abort("that message does not belong into this stream");
            return;
        }
    }
}

/// Once, and not if the handshake was given up before.
void Session::come_up() noexcept
{
    socket_->hold_back();
    {
        const std::lock_guard lock(ending_);
        if (failure_told_ || up_.exchange(true))
            return;
    }
    scope_.post([this] {
        watch_peer();
        listener_.established(*this);
    });
}

/// Gives SCTP what it takes, each message small enough for one packet. True if `writable` is due. `sending_` is held.
bool Session::feed() noexcept
{
    while (up_ && !queue_.empty()) {
        const ByteView message = queue_.front(socket_->message_bytes());
        const Status status = socket_->send(message);
        if (status == JF_WOULD_BLOCK && socket_->grow_send_buffer())
            continue;
        if (status == JF_WOULD_BLOCK)
            break;
        if (status != JF_OK) { // the association is over; its event tells why
            queue_.clear();
            return false;
        }
        queue_.pop(message.size());
    }
    if (closing_) {
        if (queue_.empty() && !end_sent_)
            end_sent_ = socket_->end() == JF_OK;
        return false;
    }
    if (refused_ && queue_.has_room(JF_STREAM_SEND_MAX + sizeof(std::uint32_t)))
        return std::exchange(refused_, false);
    return false;
}

/// The first end counts.
void Session::set_end(Status status, std::string_view text) noexcept
{
    const std::lock_guard lock(ending_);
    if (!end_)
        end_ = jackfield::make_error(status, text);
}

/// After all that came before it. Only inside `work`.
void Session::tell_end() noexcept
{
    std::optional<jf_error> end;
    {
        const std::lock_guard lock(ending_);
        if (!end_ || (up_ && !reading_))
            return;
        end = end_;
        if (!up_ && std::exchange(failure_told_, true))
            return;
    }
    if (up_)
        return gate_.ended(end->status, end->text);
    scope_.post([this, error = *end] {
        timer_.cancel();
        listener_.failed(error.status, error.text);
    });
}

Session::~Session()
{
    scope_.end();
    timer_.cancel();
    gate_.shut();
    engine_->silence(address_);
    socket_->abort("the stream was released"); // nothing if it has ended; unread if its end has arrived
    outlet_->detach();
    if (std::exchange(below_open_, false))
        below_.close();
    socket_.reset();
    engine_->remove(address_);
}

} // namespace reliable_usrsctp
