// The hello and what follows it. See session.hpp.
//
// Threads: as there.
#include "session.hpp"

namespace secure_none {

using jackfield::Failure;
using jackfield::Status;

namespace {

constexpr std::size_t kEarlyBytes = 1024 * 1024; // as the encrypting channels keep

bool is_hello(const jf_packet& packet)
{
    return jackfield::as_text(jackfield::view(packet.bytes)) == kHello;
}

} // namespace

Session::Session(jackfield::Host host, jackfield::Path below, bool client, jackfield::SecureListener listener,
                 const Settings& settings)
    : scope_(host),
      listener_(listener),
      below_(below),
      below_info_(below.describe()),
      client_(client),
      settings_(settings),
      gate_(kEarlyBytes),
      deadline_(host),
      retransmission_(host)
{
    if (below_info_.kind != JF_STREAM && below_info_.kind != JF_DATAGRAM)
        throw Failure(JF_UNSUPPORTED, "the path below is neither a stream nor datagrams");
    if (below_info_.max_datagram_bytes < kHello.size())
        throw Failure(JF_UNSUPPORTED, "the path below carries less than a hello at once");
}

Session::~Session()
{
    scope_.end();
    close();
}

void Session::start()
{
    deadline_.start(settings_.timeout, [this] { give_up(); });
    below_.open(below_receiver_);
    below_open_ = true;
    if (!client_)
        return;
    say_hello();
    if (datagrams())
        retransmission_.start(settings_.retransmit, [this] { say_hello_again(); });
}

jackfield::Bytes Session::export_key_material(std::string_view, jackfield::ByteView, std::size_t)
{
    throw Failure(JF_UNSUPPORTED, "this channel is not encrypted: it has no key material");
}

Session::Phase Session::phase() const
{
    const std::lock_guard lock(mutex_);
    return phase_;
}

// ---- the hello ----

void Session::say_hello() noexcept
{
    const std::lock_guard lock(mutex_); // or `writable` could come before we know that we wait for it
    const Status status = below_.send(jackfield::as_bytes(kHello));
    hello_waits_ = status == JF_WOULD_BLOCK && !datagrams();
}

/// On datagrams, until the answer is there. [control]
void Session::say_hello_again()
{
    if (phase() != Phase::hello)
        return;
    say_hello();
    retransmission_.start(settings_.retransmit, [this] { say_hello_again(); });
}

/// [control]
void Session::give_up()
{
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(settings_.timeout).count();
    fail(JF_TIMEOUT, "no hello within " + std::to_string(milliseconds) + " ms");
}

// ---- from the peer to the receiver above ----

void Session::receive(const jf_packet& packet) noexcept
{
    jf_packet rest = packet;
    if (datagrams() ? take_hello_of_datagrams(packet) : take_hello_of_stream(rest))
        return;
    hand_up(rest);
}

/// True if nothing is left of the packet.
bool Session::take_hello_of_stream(jf_packet& packet)
{
    if (heard_ == kHello.size())
        return false;
    const auto text = jackfield::as_text(jackfield::view(packet.bytes)).substr(0, kHello.size() - heard_);
    if (phase() == Phase::over)
        return true;
    if (text != kHello.substr(heard_, text.size())) {
        fail(JF_BAD_INPUT, "the peer does not say hello as an unencrypted channel does");
        return true;
    }
    heard_ += text.size();
    packet.bytes = {packet.bytes.data + text.size(), packet.bytes.size - text.size()};
    if (heard_ == kHello.size())
        greeted();
    return packet.bytes.size == 0;
}

/// True if the datagram is not for the receiver above. What comes before the hello counts as lost; a hello that comes
/// late or twice is no data either.
bool Session::take_hello_of_datagrams(const jf_packet& packet)
{
    if (!is_hello(packet))
        return phase() == Phase::hello;
    greeted(); // again, if our answer was lost
    return true;
}

/// The peer has said hello. A server answers each.
void Session::greeted()
{
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::over)
            return;
        first = phase_ == Phase::hello;
        phase_ = Phase::open;
    }
    if (!client_)
        say_hello();
    if (!first)
        return;
    scope_.post([this] {
        deadline_.cancel();
        retransmission_.cancel();
        listener_.secured(above_, {"none", "none", "", jackfield::Device()}); // nobody is proven
    });
}

void Session::hand_up(const jf_packet& packet)
{
    const Status status = gate_.deliver(packet);
    if (status != JF_EXHAUSTED || datagrams()) // datagrams nobody waits for may be lost, a stream may not
        return;
    {
        const std::lock_guard lock(mutex_);
        phase_ = Phase::over;
    }
    gate_.ended(JF_EXHAUSTED, "the peer sent more than 1 MiB before the path was opened");
}

/// The path below takes bytes again. [its thread]
void Session::resume() noexcept
{
    bool waits = false;
    {
        const std::lock_guard lock(mutex_);
        waits = std::exchange(hello_waits_, false) && phase_ != Phase::over;
    }
    if (waits)
        say_hello();
    gate_.writable();
}

/// The path below ended by itself. [its thread]
void Session::lost(Status status, std::string_view text) noexcept
{
    fail(status, "the path ended before the peer's hello: " + std::string(text));
    gate_.ended(status, text);
}

// ---- from above to the peer, and the end ----

Status Session::send(std::span<const jf_bytes> parts) noexcept
{
    {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::open)
            return JF_CLOSED;
        if (hello_waits_) // nothing overtakes it
            return JF_WOULD_BLOCK;
    }
    return below_.send(parts);
}

/// No channel will come, unless there is one already.
void Session::fail(Status status, std::string_view text)
{
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::hello)
        return;
    phase_ = Phase::over;
    scope_.post([this, status, text = std::string(text)] {
        deadline_.cancel();
        retransmission_.cancel();
        listener_.failed(status, text);
    });
}

/// Idempotent. [control]
void Session::close() noexcept
{
    {
        const std::lock_guard lock(mutex_);
        phase_ = Phase::over;
    }
    gate_.shut();
    if (std::exchange(below_open_, false))
        below_.close();
}

} // namespace secure_none
