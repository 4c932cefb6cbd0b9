// send -> socket, or, for a relay over TCP, send -> ring -> loop's thread -> socket.
//
// Threads: send on any; woken and what follows on the loop's.
#include "datagram_path.hpp"

#include "agent.hpp"

#include <gio/gio.h>

namespace jackfield::ice {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRingBytes = 64 * 1024; // about 45 large datagrams: more would only grow old
constexpr std::size_t kMaxParts = 8;          // more are gathered by copying
constexpr auto kRetry = 5ms;                  // where the socket behind a relay cannot be watched

} // namespace

DatagramPath::DatagramPath(Host host, GlibLoop& loop, unsigned component)
    : ComponentPath(host, loop, component), ring_(0), wakeup_(loop.context(), [this] { woken(); })
{}

jf_path_info DatagramPath::describe() const noexcept
{
    // UDP and IP headers; 4 bytes of TURN ChannelData (RFC 8656 section 12.4) if a relay is in between.
    const std::uint32_t overhead = 8U + (ipv6_ ? 40U : 20U) + (relayed_ ? 4U : 0U);
    return {sizeof(jf_path_info), JF_DATAGRAM, kMaxDatagramBytes, overhead, 0, 0};
}

void DatagramPath::attach(Agent& agent, const PairTraits& traits)
{
    ipv6_ = traits.ipv6;
    relayed_ = traits.relayed;
    const std::lock_guard lock(mutex_);
    lost_ = false;
    agent_ = &agent;
    direct_ = agent.go_direct(component_, traits.remote);
    loop_only_ = traits.loop_only;
    if (loop_only_ && ring_.free() + ring_.size() == 0) {
        ring_ = ByteRing(kRingBytes);
        datagram_.reserve(kMaxDatagramBytes);
    }
}

void DatagramPath::detach(const Agent& agent) noexcept
{
    const std::lock_guard lock(mutex_);
    if (agent_ != &agent)
        return;
    agent_ = nullptr;
    direct_ = nullptr;
}

void DatagramPath::go_plain(std::unique_ptr<PlainWay> way)
{
    const std::lock_guard lock(mutex_);
    agent_ = nullptr;
    direct_ = nullptr;
    loop_only_ = false;
    plain_ = std::move(way);
}

Status DatagramPath::send(std::span<const jf_bytes> parts) noexcept
{
    const std::size_t size = total_size(parts);
    if (size == 0 || size > kMaxDatagramBytes)
        return JF_BAD_INPUT;
    if (over_)
        return JF_CLOSED;
    Status status = JF_OK;
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (agent_ == nullptr && plain_ == nullptr)
            return JF_UNREACHABLE; // lost; a restart may bring it back
        status = loop_only_ ? enqueue(parts) : send_now(parts);
        wake = loop_only_;
        if (status == JF_WOULD_BLOCK)
            wake = !std::exchange(blocked_, true);
    }
    if (wake)
        wakeup_.signal();
    return status;
}

Status DatagramPath::send_now(std::span<const jf_bytes> parts)
{
    const auto one = [this](std::span<const jf_bytes> some) {
        if (plain_ != nullptr)
            return plain_->send(some);
        return direct_ != nullptr && !lost_ ? direct_->send(some) : agent_->send(component_, some);
    };
    if (parts.size() <= kMaxParts)
        return one(parts);
    std::array<std::uint8_t, kMaxDatagramBytes> together;
    std::size_t size = 0;
    for (const auto& part : parts) {
        std::copy_n(part.data, part.size, together.begin() + static_cast<std::ptrdiff_t>(size));
        size += part.size;
    }
    const jf_bytes all{together.data(), size};
    return one(std::span(&all, 1));
}

Status DatagramPath::enqueue(std::span<const jf_bytes> parts)
{
    const std::size_t size = total_size(parts);
    if (ring_.free() < size + 2)
        return JF_WOULD_BLOCK;
    const std::array<std::uint8_t, 2> length{static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    ring_.write(length);
    for (const auto& part : parts)
        ring_.write(view(part));
    return JF_OK;
}

void DatagramPath::woken()
{
    bool blocked = false;
    bool loop_only = false;
    {
        const std::lock_guard lock(mutex_);
        blocked = blocked_;
        loop_only = loop_only_;
    }
    if (loop_only)
        flush();
    else if (blocked)
        watch_socket();
}

void DatagramPath::flush()
{
    bool owed = false;
    for (;;) {
        Agent* agent = nullptr;
        {
            const std::lock_guard lock(mutex_);
            agent = agent_;
            if (agent == nullptr)
                return;
            if (!pending_) {
                if (ring_.size() == 0) {
                    owed = std::exchange(blocked_, false);
                    break;
                }
                std::array<std::uint8_t, 2> length{};
                ring_.read(length);
                datagram_.resize(static_cast<std::size_t>(length[0] << 8 | length[1]));
                ring_.read(datagram_);
                pending_ = true;
            }
        }
        if (agent->send(component_, datagram_) == JF_WOULD_BLOCK)
            return; // socket_writable follows
        const std::lock_guard lock(mutex_);
        pending_ = false; // sent, or lost like any datagram
    }
    if (owed)
        gate_.writable();
}

void DatagramPath::watch_socket()
{
    Agent* agent = nullptr;
    GSocket* socket = nullptr;
    {
        const std::lock_guard lock(mutex_);
        agent = agent_;
        if (plain_ != nullptr)
            socket = static_cast<GSocket*>(g_object_ref(plain_->socket()));
    }
    if (agent != nullptr)
        socket = agent->selected_socket(component_);
    if (socket != nullptr) {
        watch_.reset(g_socket_create_source(socket, G_IO_OUT, nullptr));
        g_object_unref(socket); // the source has its own reference
    } else {
        watch_.reset(g_timeout_source_new(kRetry.count()));
    }
    // Both kinds of callback end in the user data; the address of the function tells GLib nothing about its arguments.
    if (socket != nullptr) {
        const GSocketSourceFunc writable = [](GSocket*, GIOCondition, gpointer self) -> gboolean {
            static_cast<DatagramPath*>(self)->tell_writable();
            return G_SOURCE_REMOVE;
        };
        g_source_set_callback(watch_.get(), reinterpret_cast<GSourceFunc>(reinterpret_cast<void (*)()>(writable)), this,
                              nullptr);
    } else {
        g_source_set_callback(
            watch_.get(),
            [](gpointer self) -> gboolean {
                static_cast<DatagramPath*>(self)->tell_writable();
                return G_SOURCE_REMOVE;
            },
            this, nullptr);
    }
    g_source_attach(watch_.get(), loop_.context());
}

void DatagramPath::tell_writable()
{
    bool owed = false;
    {
        const std::lock_guard lock(mutex_);
        owed = std::exchange(blocked_, false);
    }
    if (owed)
        gate_.writable();
}

void DatagramPath::too_early()
{
    if (!told_early_.exchange(true))
        host_.warning("ice: datagrams came before the path was opened, more than 256 KiB; they are dropped");
}

} // namespace jackfield::ice
