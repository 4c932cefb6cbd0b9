// Ports mapped by a real router: Linux, nftables, miniupnpd.

#include "folder.hpp"
#include "mapping_router.hpp"
#include "private_world.hpp"
#include "udp_socket.hpp"

#include "tests/plugins/shared/port_mapping/doubles.hpp"

#include <shared/port_mapping/trial.hpp>

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

namespace laboratory {
namespace {

using namespace std::chrono_literals;
namespace mapping = shared_port_mapping;
using mapping::Outcome;
using mapping::PortMapper;

class MappingRouters : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!MappingRouter::installed())
            GTEST_SKIP() << "miniupnpd is not installed (Debian package miniupnpd-nftables)";
        router_ = std::make_unique<MappingRouter>(network_, folder_.path());
        home_ = &network_.add_host(router_->inside());
        stranger_ = &network_.add_host(network_.internet());
    }

    mapping::Endpoint at_home(std::uint16_t port) const
    {
        return {*mapping::IpAddress::parse(home_->address().text()), port};
    }

    /// In the home's network, and so its thread.
    std::unique_ptr<PortMapper> make_mapper(std::vector<mapping::Protocol> protocols)
    {
        std::unique_ptr<PortMapper> mapper;
        mapping::Settings settings;
        settings.protocols = std::move(protocols);
        home_->inside([&] {
            mapper = std::make_unique<PortMapper>(settings, [this](const std::string& line) { log_.put(line); });
        });
        return mapper;
    }

    std::unique_ptr<PortMapper::Mapping> map(PortMapper& mapper, std::uint16_t port)
    {
        return mapper.map({mapping::Transport::udp, at_home(port)},
                          [this](const Outcome& outcome) { results_.put(outcome); });
    }

    Network network_{1};
    Folder folder_;
    std::unique_ptr<MappingRouter> router_;
    Host* home_ = nullptr;
    Host* stranger_ = nullptr;
    mapping::test::Mailbox<std::string> log_;
    mapping::test::Mailbox<Outcome> results_;
};

TEST_F(MappingRouters, LetStrangersInAtAPortThatWasMappedByAnyProtocol)
{
    const UdpSocket inside(*home_);
    const UdpSocket outside(*stranger_);
    std::size_t number = 0;
    for (const auto protocol : {mapping::Protocol::pcp, mapping::Protocol::nat_pmp, mapping::Protocol::upnp}) {
        SCOPED_TRACE(mapping::name_of(protocol));
        const auto mapper = make_mapper({protocol});
        const auto kept = map(*mapper, inside.local().port);
        const auto outcome = results_.at(number++);
        ASSERT_TRUE(outcome && *outcome) << (outcome ? outcome->error() : "nothing") << router_->log();
        EXPECT_EQ((*outcome)->external.address.text(), router_->outside().text());
        EXPECT_EQ(router_->mapped(), 1U);
        outside.send({router_->outside(), (*outcome)->external.port}, "hello");
        const auto heard = inside.receive(5s);
        ASSERT_TRUE(heard);
        EXPECT_EQ(heard->text, "hello");
    }
    EXPECT_EQ(router_->mapped(), 0U) << "what was mapped is taken back";
}

TEST_F(MappingRouters, AreTriedWithEachProtocol)
{
    std::vector<mapping::Trial> trials;
    home_->inside([&] { trials = mapping::try_protocols({}, 10s); });
    ASSERT_EQ(trials.size(), 3U);
    for (const auto& trial : trials)
        EXPECT_TRUE(trial.outcome) << mapping::name_of(trial.protocol) << ": " << trial.outcome.error();
    EXPECT_EQ(router_->mapped(), 0U);
}

/// Of IPv6, which the laboratory's other sockets are not.
class SocketV6 {
public:
    explicit SocketV6(const Host& host, std::uint16_t port = 0)
    {
        host.inside([&] {
            socket_ = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            const sockaddr_in6 own = at(host.ipv6(), port);
            EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)), 0) << host.ipv6();
        });
    }
    SocketV6(const SocketV6&) = delete;
    SocketV6& operator=(const SocketV6&) = delete;
    ~SocketV6() { close(socket_); }

    std::uint16_t port() const
    {
        sockaddr_in6 own{};
        socklen_t size = sizeof(own);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
        return ntohs(own.sin6_port);
    }
    void send(const std::string& address, std::uint16_t port, const std::string& text) const
    {
        const sockaddr_in6 to = at(address, port);
        EXPECT_EQ(sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)),
                  static_cast<ssize_t>(text.size()));
    }
    std::string receive()
    {
        pollfd ready{socket_, POLLIN, 0};
        char text[100];
        socklen_t from = sizeof(from_);
        const auto size = poll(&ready, 1, 20'000) == 1
                              ? recvfrom(socket_, text, sizeof(text), 0, reinterpret_cast<sockaddr*>(&from_), &from)
                              : 0;
        return {text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }
    /// To whom the last datagram came from.
    void answer(const std::string& text) const
    {
        EXPECT_EQ(
            sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&from_), sizeof(from_)),
            static_cast<ssize_t>(text.size()));
    }

private:
    static sockaddr_in6 at(const std::string& address, std::uint16_t port)
    {
        sockaddr_in6 place{};
        place.sin6_family = AF_INET6;
        place.sin6_port = htons(port);
        EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), &place.sin6_addr), 1);
        return place;
    }

    int socket_ = -1;
    sockaddr_in6 from_{};
};

class Firewalls : public MappingRouters {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!MappingRouter::installed())
            GTEST_SKIP() << "miniupnpd is not installed (Debian package miniupnpd-nftables)";
        router_ = MappingRouter::with_ipv6(network_, folder_.path());
        home_ = &network_.add_host(router_->inside());
        stranger_ = &network_.add_host(network_.internet());
        network_.add_ipv6(*home_);
        network_.add_ipv6(*stranger_);
    }

    std::unique_ptr<PortMapper::Mapping> pierce(PortMapper& mapper, std::uint16_t port)
    {
        return mapper.map({mapping::Transport::udp, {*mapping::IpAddress::parse(home_->ipv6()), port}},
                          [this](const Outcome& outcome) { results_.put(outcome); });
    }
};

TEST_F(Firewalls, LetStrangersInThroughAPinholeThatWasAskedForByAnyProtocol)
{
    SocketV6 inside(*home_);
    const SocketV6 outside(*stranger_);
    std::size_t number = 0;
    for (const auto protocol : {mapping::Protocol::pcp, mapping::Protocol::upnp}) {
        SCOPED_TRACE(mapping::name_of(protocol));
        outside.send(home_->ipv6(), inside.port(), "unasked");
        const auto mapper = make_mapper({protocol});
        const auto kept = pierce(*mapper, inside.port());
        const auto outcome = results_.at(number++);
        ASSERT_TRUE(outcome && *outcome) << (outcome ? outcome->error() : "nothing") << router_->log();
        EXPECT_EQ((*outcome)->protocol, protocol);
        EXPECT_EQ((*outcome)->external.address.text(), home_->ipv6()) << "addresses are the same on both sides";
        EXPECT_EQ((*outcome)->external.port, inside.port());
        EXPECT_EQ(router_->pinholes(), 1U);
        outside.send(home_->ipv6(), inside.port(), "hello");
        EXPECT_EQ(inside.receive(), "hello") << "and nothing before that";
    }
    EXPECT_EQ(router_->pinholes(), 0U) << "what was opened is closed";
}

/// Whatever is asked of it by PCP is granted, since so many seconds.
std::string granted(std::string request, char epoch_s)
{
    request[1] = static_cast<char>(request[1] | 0x80);
    request.replace(4, 8, std::string("\0\0\x0E\x10\0\0\0", 7) + epoch_s);
    if (request.size() == 60)
        request.replace(42, 18, std::string("\x13\x88\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xCB\0\x71\x07", 18));
    return request;
}

// RFC 6887 section 14.1.3. Of a router of our own: a real one that has been up for a second cannot be told from one
// that has restarted since.
TEST(AnnouncedRestart, HasAllMappingsAskedForAgain)
{
    if (!why_no_world().empty())
        GTEST_SKIP() << why_no_world();
    Network network(1);
    Host& router = network.add_host(network.internet());
    Host& home = network.add_host(network.internet());
    const UdpSocket pcp(router, 5351);
    mapping::Settings settings;
    settings.protocols = {mapping::Protocol::pcp};
    settings.router = mapping::Endpoint{*mapping::IpAddress::parse(router.address().text()), 5351};
    std::unique_ptr<PortMapper> mapper;
    home.inside([&] { mapper = std::make_unique<PortMapper>(settings, [](const std::string&) {}); });
    mapping::test::Mailbox<Outcome> results;
    const auto kept = mapper->map({mapping::Transport::udp, {*mapping::IpAddress::parse(home.address().text()), 4000}},
                                  [&](const Outcome& outcome) { results.put(outcome); });
    for (int question = 0; question < 2; ++question) { // whether it speaks PCP, and the mapping
        const auto request = pcp.receive(20s);
        ASSERT_TRUE(request);
        pcp.send(request->from, granted(request->text, 100));
    }
    ASSERT_TRUE(results.at(0)->has_value()) << results.at(0)->error();
    const std::string announcement = granted(std::string("\x02\0", 2) + std::string(22, '\0'), 1);
    pcp.send({home.address(), 5350}, announcement);
    const auto again = pcp.receive(20s);
    ASSERT_TRUE(again) << "nobody has noticed";
    EXPECT_EQ(again->text.size(), 60U);
    EXPECT_EQ(again->text.substr(40, 2), "\x0F\xA0") << "port 4000";
    pcp.send(again->from, granted(again->text, 2));
}

TEST(AnnouncedRestart, HasAllPinholesAskedForAgain)
{
    if (!why_no_world().empty())
        GTEST_SKIP() << why_no_world();
    Network network(1);
    Host& firewall = network.add_host(network.internet());
    Host& home = network.add_host(network.internet());
    network.add_ipv6(firewall);
    network.add_ipv6(home);
    SocketV6 pcp(firewall, 5351);
    mapping::Settings settings;
    settings.protocols = {mapping::Protocol::pcp};
    settings.firewall = mapping::Endpoint{*mapping::IpAddress::parse(firewall.ipv6()), 5351};
    std::unique_ptr<PortMapper> mapper;
    home.inside([&] { mapper = std::make_unique<PortMapper>(settings, [](const std::string&) {}); });
    mapping::test::Mailbox<Outcome> results;
    const auto kept = mapper->map({mapping::Transport::udp, {*mapping::IpAddress::parse(home.ipv6()), 4000}},
                                  [&](const Outcome& outcome) { results.put(outcome); });
    const auto grant = [](std::string request, char epoch_s) { // what was asked for
        if (request.size() < 24)
            return request;
        request[1] = static_cast<char>(request[1] | 0x80);
        return request.replace(4, 8, std::string("\0\0\x0E\x10\0\0\0", 7) + epoch_s);
    };
    std::string request = "whether it speaks PCP";
    while (!request.empty() && request.size() != 60) { // until it is the pinhole
        request = pcp.receive();
        pcp.answer(grant(request, 100));
    }
    const auto outcome = results.at(0);
    ASSERT_TRUE(outcome && *outcome) << (outcome ? outcome->error() : "nothing");
    pcp.send(home.ipv6(), 5350, grant(std::string("\x02\0", 2) + std::string(22, '\0'), 1));
    const std::string again = pcp.receive();
    ASSERT_EQ(again.size(), 60U) << "nobody has noticed";
    EXPECT_EQ(again.substr(40, 2), "\x0F\xA0") << "port 4000";
    pcp.answer(grant(again, 2));
}

} // namespace
} // namespace laboratory
