// One network namespace. See name_space.hpp.

#include "name_space.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

namespace laboratory {

namespace {

constexpr const char* kInterface = "net";
constexpr const char* kLan = "lan";

void check(bool worked, const std::string& what)
{
    if (!worked)
        throw std::runtime_error("laboratory: " + what + ": " + std::strerror(errno));
}

/// Runs it on a thread of its own and hands on what it throws.
void on_a_thread(const std::function<void()>& function)
{
    std::exception_ptr thrown;
    std::thread([&] {
        try {
            function();
        } catch (...) {
            thrown = std::current_exception();
        }
    }).join();
    if (thrown)
        std::rethrow_exception(thrown);
}

/// struct in6_ifreq of the kernel's <linux/ipv6.h>, which the system's <netinet/in.h> cannot stand beside it.
struct Ipv6AddressRequest {
    in6_addr address;
    std::uint32_t prefix_bits;
    int interface;
};

void add_ipv6(const char* name, const Ipv6Bytes& address)
{
    const int socket = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(socket >= 0, "a socket of IPv6");
    Ipv6AddressRequest request{{}, 128, static_cast<int>(if_nametoindex(name))};
    std::memcpy(&request.address, address.data(), address.size());
    in6_rtmsg route{}; // to everywhere
    route.rtmsg_metric = 1;
    route.rtmsg_flags = RTF_UP;
    route.rtmsg_ifindex = request.interface;
    bool worked = ioctl(socket, SIOCSIFADDR, &request) == 0 && ioctl(socket, SIOCADDRT, &route) == 0;
    // A moment later nobody else can have it, and the kernel tells nobody (RFC 4862 section 5.4).
    sockaddr_in6 own{};
    own.sin6_family = AF_INET6;
    own.sin6_addr = request.address;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (worked && bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0) {
        worked = std::chrono::steady_clock::now() < end;
        poll(nullptr, 0, 1);
    }
    const int error = errno;
    close(socket);
    errno = error;
    check(worked, "cannot use IPv6");
}

/// On this thread, and in what it starts, /etc/resolv.conf is that file.
void see_as_resolver_file(const std::string& file)
{
    check(unshare(CLONE_NEWNS) == 0, "a mount namespace");
    check(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "cannot keep mounts to ourselves");
    check(mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0, "cannot put /etc/resolv.conf aside");
}

/// Interface requests need some socket of the namespace.
class Interfaces {
public:
    Interfaces() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) { check(socket_ >= 0, "a socket"); }
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;
    ~Interfaces() { close(socket_); }

    void bring_up(const std::string& name)
    {
        ifreq request = of(name);
        check(ioctl(socket_, SIOCGIFFLAGS, &request) == 0, name + " is not there");
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
        check(ioctl(socket_, SIOCSIFFLAGS, &request) == 0, "cannot bring up " + name);
    }

    void set_mtu(const std::string& name, int mtu)
    {
        ifreq request = of(name);
        request.ifr_mtu = mtu;
        check(ioctl(socket_, SIOCSIFMTU, &request) == 0, "cannot set the MTU of " + name);
    }

    /// A second address needs a label: "net:1".
    void add_address(const std::string& label, Address address, Address mask = {0xFFFFFFFFU})
    {
        ifreq request = of(label);
        put(request.ifr_addr, address);
        check(ioctl(socket_, SIOCSIFADDR, &request) == 0, "cannot add " + address.text());
        put(request.ifr_netmask, mask);
        check(ioctl(socket_, SIOCSIFNETMASK, &request) == 0, "cannot set a mask");
    }

    /// An address that is 0.0.0.0 is none.
    void remove_address(const std::string& label)
    {
        ifreq request = of(label);
        put(request.ifr_addr, {});
        check(ioctl(socket_, SIOCSIFADDR, &request) == 0, "cannot take an address off " + label);
    }

    void lead_everywhere(const std::string& name, std::optional<Address> gateway)
    {
        if (gateway)
            add_route(name, *gateway, {0xFFFFFFFFU}, {});
        add_route(name, {}, {}, gateway);
    }

    void add_route(const std::string& name, Address to, Address mask, std::optional<Address> gateway)
    {
        rtentry route{};
        std::string device = name;
        put(route.rt_dst, to);
        put(route.rt_genmask, mask);
        route.rt_flags = RTF_UP;
        if (gateway) {
            put(route.rt_gateway, *gateway);
            route.rt_flags |= RTF_GATEWAY;
        }
        route.rt_dev = device.data();
        check(ioctl(socket_, SIOCADDRT, &route) == 0 || errno == EEXIST, "cannot add a route");
    }

private:
    static ifreq of(const std::string& name)
    {
        ifreq request{};
        name.copy(request.ifr_name, IFNAMSIZ - 1);
        return request;
    }

    static void put(sockaddr& place, Address address)
    {
        sockaddr_in internet{};
        internet.sin_family = AF_INET;
        internet.sin_addr.s_addr = htonl(address.value);
        std::memcpy(&place, &internet, sizeof(internet));
    }

    int socket_;
};

std::string label(std::size_t number)
{
    return number == 0 ? kInterface : kInterface + (":" + std::to_string(number));
}

int open_tun(const char* name)
{
    const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    check(tun >= 0, "/dev/net/tun");
    ifreq request{};
    std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    check(ioctl(tun, TUNSETIFF, &request) == 0, "cannot make an interface");
    return tun;
}

} // namespace

Namespace::Namespace(const std::vector<Address>& addresses, int mtu, std::optional<Address> gateway)
{
    on_a_thread([&] { make(addresses, mtu, gateway); });
}

void Namespace::make(const std::vector<Address>& addresses, int mtu, std::optional<Address> gateway)
{
    check(unshare(CLONE_NEWNET) == 0, "a network namespace");
    space_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    check(space_ >= 0, "cannot hold a network namespace");
    tun_ = open_tun(kInterface);
    Interfaces interfaces;
    interfaces.bring_up("lo");
    interfaces.set_mtu(kInterface, mtu);
    for (std::size_t number = 0; number < addresses.size(); ++number)
        interfaces.add_address(label(number), addresses[number]);
    interfaces.bring_up(kInterface);
    interfaces.lead_everywhere(kInterface, gateway);
}

void Namespace::add_lan(Address address, int mtu)
{
    inside([&] {
        lan_ = open_tun(kLan);
        Interfaces interfaces;
        interfaces.set_mtu(kLan, mtu);
        interfaces.add_address(kLan, address, {0xFFFFFF00U});
        interfaces.bring_up(kLan);
    });
}

void Namespace::renumber(const std::vector<Address>& old_addresses, const std::vector<Address>& addresses) const
{
    inside([&] {
        Interfaces interfaces;
        for (std::size_t number = old_addresses.size(); number-- > 0;)
            interfaces.remove_address(label(number));
        for (std::size_t number = 0; number < addresses.size(); ++number)
            interfaces.add_address(label(number), addresses[number]);
        if (!addresses.empty())
            interfaces.lead_everywhere(kInterface, {}); // without an address there was no route
    });
}

void Namespace::use_ipv6_alone(const std::vector<Address>& old_addresses, const Ipv6Bytes& address)
{
    renumber(old_addresses, {});
    inside([&] {
        add_ipv6(kInterface, address);
        names_ = std::make_unique<NameServer>();
    });
}

Namespace::~Namespace()
{
    if (lan_ >= 0)
        close(lan_);
    close(tun_);
    close(space_);
}

void Namespace::inside(const std::function<void()>& function) const
{
    on_a_thread([&] {
        check(setns(space_, CLONE_NEWNET) == 0, "cannot enter a network namespace");
        if (names_ != nullptr)
            see_as_resolver_file(names_->resolver_file());
        function();
    });
}

} // namespace laboratory
