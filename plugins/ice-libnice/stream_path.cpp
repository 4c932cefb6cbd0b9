// send -> ring -> frames of at most 63 488 bytes -> libnice, and back pressure the other way.
//
// Threads: send on any; flush and what follows on the loop's.
#include "stream_path.hpp"

#include "agent.hpp"

namespace jackfield::ice {

namespace {

/// A STUN Binding Indication with a fingerprint (RFC 8489 sections 14.7 and 2): every ICE agent swallows it.
std::array<std::uint8_t, 28> binding_indication(Host host)
{
    std::array<std::uint8_t, 28> message{0x00, 0x11, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x42};
    host.random(std::span(message).subspan(8, 12));
    std::uint32_t crc = 0xffffffff;
    for (const std::uint8_t byte : std::span(message).first(20)) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
    }
    const std::uint32_t fingerprint = ~crc ^ 0x5354554eU;
    message[20] = 0x80;
    message[21] = 0x28;
    message[23] = 0x04;
    for (std::size_t i = 0; i < 4; ++i)
        message[24 + i] = static_cast<std::uint8_t>(fingerprint >> (24 - 8 * i));
    return message;
}

} // namespace

StreamPath::StreamPath(Host host, GlibLoop& loop, unsigned component)
    : ComponentPath(host, loop, component), ring_(kStreamQueueBytes), wakeup_(loop.context(), [this] { woken(); })
{}

jf_path_info StreamPath::describe() const noexcept
{
    // RFC 4571 length, TCP and IP header, counted once per send.
    const std::uint32_t overhead = 2 + 20 + (ipv6_ ? 40 : 20);
    return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, overhead, 1, 0};
}

void StreamPath::attach(Agent& agent, const PairTraits& traits)
{
    ipv6_ = traits.ipv6;
    relayed_ = traits.relayed;
    const std::lock_guard lock(mutex_);
    agent_ = &agent;
}

void StreamPath::detach(const Agent& agent) noexcept
{
    const std::lock_guard lock(mutex_);
    if (agent_ == &agent)
        agent_ = nullptr;
}

Status StreamPath::send(std::span<const jf_bytes> parts) noexcept
{
    const std::size_t size = total_size(parts);
    if (size > JF_STREAM_SEND_MAX)
        return JF_BAD_INPUT;
    bool request = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || over_)
            return JF_CLOSED;
        if (size == 0)
            return JF_OK;
        if (ring_.free() < size) {
            blocked_ = true;
            return JF_WOULD_BLOCK;
        }
        for (const auto& part : parts)
            ring_.write(view(part));
        request = !std::exchange(flush_requested_, true);
    }
    if (loop_.on_thread())
        flush(); // an answer from inside `received` leaves without another turn of the loop
    else if (request)
        wakeup_.signal();
    return JF_OK;
}

void StreamPath::connection_lost()
{
    {
        const std::lock_guard lock(mutex_);
        lost_ = agent_ != nullptr; // before it is attached nobody has this path
    }
    wakeup_.signal();
}

void StreamPath::woken()
{
    socket_full_ = false;
    flush();
    bool owed = false;
    bool lost = false;
    {
        const std::lock_guard lock(mutex_);
        lost = lost_;
        // Every send fits again: no refused sender has to come a second time.
        if (blocked_ && ring_.free() >= JF_STREAM_SEND_MAX)
            owed = std::exchange(blocked_, false);
    }
    if (lost)
        ended(JF_CLOSED, "the connection has ended"); // libnice does not say whether in order
    else if (owed)
        gate_.writable();
}

void StreamPath::flush()
{
    // Sending may emit signals of libnice, but never calls back here; a flag is enough.
    if (std::exchange(flushing_, true))
        return;
    while (!socket_full_) {
        ByteView frame;
        Agent* agent = nullptr;
        {
            const std::lock_guard lock(mutex_);
            flush_requested_ = false;
            agent = agent_;
            frame = ring_.front(kMaxFrameBytes);
        }
        if (agent == nullptr || frame.empty())
            break;
        // The agent outlives this call: it is destroyed on this thread only.
        const Status status = agent->send(component_, frame);
        if (status == JF_WOULD_BLOCK && agent->has_pair(component_)) {
            socket_full_ = true; // socket_writable follows
            break;
        }
        // Anything else means that the connection is gone. The agent says so; these bytes have nowhere to go.
        bool owed = false;
        {
            const std::lock_guard lock(mutex_);
            ring_.drop(frame.size());
            owed = blocked_ && ring_.free() >= JF_STREAM_SEND_MAX;
        }
        if (owed)
            wakeup_.signal(); // not from here: a receiver may be sending
    }
    flushing_ = false;
    if (drained_ && !socket_full_)
        look_whether_drained();
}

void StreamPath::too_early()
{
    host_.warning("ice: more than 256 KiB came before the stream was opened; it is ended");
    ended(JF_EXHAUSTED, "the peer sent more than 256 KiB before the path was opened");
}

void StreamPath::shut() noexcept
{
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    ComponentPath::shut();
}

// libnice takes a frame even if the socket has room for part of it only, and does not say so. But it takes no further
// one until that is written. So a last frame that it takes, and that nobody reads, proves that all others are out.
void StreamPath::drain(GlibLoop::Task done)
{
    drained_ = std::move(done);
    flush();
}

void StreamPath::look_whether_drained()
{
    Agent* agent = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (agent_ != nullptr && ring_.size() != 0)
            return;
        agent = agent_;
    }
    if (agent != nullptr && !probed_) {
        probed_ = true;
        if (agent->send(component_, binding_indication(host_)) == JF_WOULD_BLOCK && agent->has_pair(component_)) {
            socket_full_ = true;
            return;
        }
    }
    std::exchange(drained_, nullptr)();
}

} // namespace jackfield::ice
