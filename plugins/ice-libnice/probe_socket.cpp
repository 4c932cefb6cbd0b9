// A socket of a probe. See probe_socket.hpp.
#include "probe_socket.hpp"

#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace jackfield::ice {

std::string words_of(int error)
{
    std::string text = g_strerror(error);
    if (!text.empty())
        text.front() = g_ascii_tolower(text.front());
    return text;
}

std::string ProbeSocket::open(int type, const IpAddress& towards)
{
    close();
    descriptor_ = socket(towards.is_v6() ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0)
        return words_of(errno);
    const int yes = 1;
    if (type == SOCK_STREAM)
        setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return {};
}

std::string ProbeSocket::connect(const Endpoint& to)
{
    sockaddr_storage address{};
    const auto size = to.address.to_sockaddr(to.port, address);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) != 0 && errno != EINPROGRESS)
        return words_of(errno);
    return {};
}

std::optional<Endpoint> ProbeSocket::local() const
{
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return std::nullopt;
    return Endpoint::from_sockaddr(address);
}

void ProbeSocket::watch(GMainContext* context, GIOCondition conditions, std::function<void()> ready)
{
    source_.reset(g_unix_fd_source_new(descriptor_, conditions));
    ready_ = std::move(ready);
    const GUnixFDSourceFunc call = [](gint, GIOCondition, gpointer self) -> gboolean {
        const auto keep = static_cast<ProbeSocket*>(self)->ready_; // it may be exchanged in there
        keep();
        return G_SOURCE_CONTINUE;
    };
    g_source_set_callback(source_.get(), G_SOURCE_FUNC(call), this, nullptr);
    g_source_attach(source_.get(), context);
}

int ProbeSocket::error() const
{
    int error = 0;
    socklen_t size = sizeof(error);
    return getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void ProbeSocket::close()
{
    source_.reset();
    if (descriptor_ >= 0)
        ::close(std::exchange(descriptor_, -1));
}

} // namespace jackfield::ice
