// See direct_way.hpp.
#include "direct_way.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace jackfield::ice {

namespace {

constexpr int kReadsInARow = 32;      // then other sockets have their turn
constexpr std::size_t kMostParts = 8; // the path gathers more by copying
constexpr std::uint8_t kStunEnds = 4; // a STUN message begins with two zero bits and six of a small number (RFC 7983)

} // namespace

DirectWay::DirectWay(GlibLoop& loop, std::shared_ptr<ComponentPath> path)
    : loop_(loop), path_(std::move(path)), wakeup_(loop.context(), [this] { give_way(); })
{}

std::unique_ptr<DirectWay> DirectWay::make(GlibLoop& loop, std::shared_ptr<ComponentPath> path, GPtrArray* sockets)
{
    std::unique_ptr<DirectWay> way(new DirectWay(loop, std::move(path)));
    way->legs_.reserve(sockets->len); // the reader keeps their addresses
    for (guint i = 0; i < sockets->len; ++i) {
        auto* socket = static_cast<GSocket*>(sockets->pdata[i]);
        const int handle = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);
        if (handle < 0)
            return nullptr;
        way->legs_.push_back({static_cast<GSocket*>(g_object_ref(socket)), handle});
    }
    return way;
}

DirectWay::~DirectWay()
{
    for (const Leg& leg : legs_) {
        loop_.reader().unwatch(leg.number);
        close(leg.handle);
        g_object_unref(leg.socket);
    }
}

bool DirectWay::aim(const GSocket* selected, const Endpoint& remote)
{
    handle_ = -1;
    for (const Leg& leg : legs_) {
        if (leg.socket == selected)
            handle_ = leg.handle;
    }
    destination_bytes_ = remote.address.to_sockaddr(remote.port, destination_);
    const std::lock_guard lock(aim_mutex_);
    selected_ = selected;
    remote_ = remote;
    return handle_ >= 0;
}

void DirectWay::start()
{
    for (Leg& leg : legs_) {
        leg.number = loop_.reader().watch(leg.handle,
                                          [this, &leg](std::span<std::uint8_t> buffer) { return read(leg, buffer); });
    }
}

/// A glance first: what libnice is to get must still be in the socket when it reads.
bool DirectWay::read(const Leg& leg, std::span<std::uint8_t> buffer)
{
    for (int i = 0; i < kReadsInARow; ++i) {
        std::uint8_t first = 0;
        sockaddr_storage from{};
        socklen_t size = sizeof(from);
        if (recvfrom(leg.handle, &first, 1, MSG_PEEK | MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size) < 0)
            return true;
        if (!is_ours(leg, from, first)) {
            wakeup_.signal();
            return false;
        }
        const ssize_t count = recv(leg.handle, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0)
            path_->deliver({buffer.data(), static_cast<std::size_t>(count)});
    }
    return true;
}

bool DirectWay::is_ours(const Leg& leg, const sockaddr_storage& from, std::uint8_t first) const
{
    if (first < kStunEnds)
        return false;
    const auto sender = Endpoint::from_sockaddr(from);
    const std::lock_guard lock(aim_mutex_);
    return leg.socket == selected_ && sender == remote_;
}

/// libnice reads all there is, from here, or from others that were told to wait.
void DirectWay::give_way()
{
    loop_.reader().exclusively([this] { g_main_context_iteration(loop_.quiet_context(), FALSE); });
    for (const Leg& leg : legs_)
        loop_.reader().resume(leg.number);
}

Status DirectWay::send(std::span<const jf_bytes> parts) const noexcept
{
    std::array<iovec, kMostParts> vectors;
    if (parts.size() > vectors.size())
        return JF_BAD_INPUT;
    for (std::size_t i = 0; i < parts.size(); ++i)
        vectors[i] = {const_cast<std::uint8_t*>(parts[i].data), parts[i].size};
    msghdr message{};
    message.msg_name = const_cast<sockaddr_storage*>(&destination_);
    message.msg_namelen = destination_bytes_;
    message.msg_iov = vectors.data();
    message.msg_iovlen = parts.size();
    if (sendmsg(handle_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return JF_OK;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? JF_WOULD_BLOCK : JF_UNREACHABLE;
}

} // namespace jackfield::ice
