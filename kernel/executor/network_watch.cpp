// When the machine's addresses change. See network_watch.hpp.

#include "kernel/executor/network_watch.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

namespace jackfield::kernel {

namespace {

/// Empty for what is no address that a peer could reach us by.
std::string text_of(const ifaddrs& entry)
{
    if (entry.ifa_addr == nullptr || (entry.ifa_flags & IFF_UP) == 0 || (entry.ifa_flags & IFF_LOOPBACK) != 0)
        return {};
    const void* bytes = nullptr;
    if (entry.ifa_addr->sa_family == AF_INET) {
        bytes = &reinterpret_cast<const sockaddr_in*>(entry.ifa_addr)->sin_addr;
    } else if (entry.ifa_addr->sa_family == AF_INET6) {
        const auto& address = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr)->sin6_addr;
        if (!IN6_IS_ADDR_LINKLOCAL(&address))
            bytes = &address;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (bytes == nullptr || inet_ntop(entry.ifa_addr->sa_family, bytes, text.data(), text.size()) == nullptr)
        return {};
    return text.data();
}

/// -1 if the system has no such thing.
int open_route_socket()
{
    const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (socket < 0)
        return -1;
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
        return socket;
    close(socket);
    return -1;
}

} // namespace

std::set<std::string> network_addresses()
{
    std::set<std::string> found;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0)
        return found;
    for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
        if (auto text = text_of(*entry); !text.empty())
            found.insert(std::move(text));
    }
    freeifaddrs(all);
    return found;
}

NetworkWatch::NetworkWatch(asio::io_context& context, Changed changed)
    : socket_(context), changed_(std::move(changed)), known_(network_addresses())
{
    const int socket = open_route_socket();
    if (socket < 0)
        return;
    socket_.assign(socket);
    wait();
}

void NetworkWatch::wait()
{
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this, here = std::weak_ptr(here_)](const asio::error_code& error) {
                           if (error || here.expired())
                               return;
                           look();
                           if (!here.expired()) // nobody has taken us down meanwhile
                               wait();
                       });
}

/// What the messages say is not read: they are lost when many come at once, and some mean no change (a lifetime that
/// begins anew). The addresses themselves say what is so now.
void NetworkWatch::look()
{
    std::array<char, 8192> unread;
    for (;;) {
        const ssize_t size = recv(socket_.native_handle(), unread.data(), unread.size(), 0);
        if (size == 0 || (size < 0 && errno != ENOBUFS))
            break;
    }
    auto there = network_addresses();
    if (there == known_)
        return;
    std::set<std::string> gone;
    std::ranges::set_difference(known_, there, std::inserter(gone, gone.end()));
    known_ = std::move(there);
    changed_(gone);
}

} // namespace jackfield::kernel
