// What routers say, read: PCP, NAT-PMP, SSDP, descriptions, SOAP, and the system's table of routes.

#include <shared/port_mapping/gateway.hpp>
#include <shared/port_mapping/pcp_wire.hpp>
#include <shared/port_mapping/session_ports.hpp>
#include <shared/port_mapping/upnp_messages.hpp>

#include <gtest/gtest.h>

namespace shared_port_mapping {
namespace {

using namespace std::chrono_literals;

IpAddress address(const char* text)
{
    return *IpAddress::parse(text);
}

const Wanted kWanted{Transport::udp, {address("192.168.1.2"), 4000}};
const PcpNonce kNonce{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/// The answer to a request is the request with a few bytes changed (RFC 6887 sections 7.2 and 11.1).
Bytes granted(Bytes request)
{
    request[1] |= 0x80;
    const std::uint8_t middle[] = {0, 0, 0x0E, 0x10, 0, 0, 0, 99};
    std::copy(std::begin(middle), std::end(middle), request.begin() + 4);
    return request;
}

TEST(PcpWire, WritesARequestForAMappingAsTheRfcHasIt)
{
    const Bytes request =
        write_pcp_map(kWanted.internal.address, kNonce, kWanted, {address("203.0.113.7"), 5000}, 3600);
    const Bytes expected{2,    1,    0,    0,    0, 0, 0x0E, 0x10, 0, 0, 0, 0, 0, 0,  0,    0,    0,   0, 0xFF, 0xFF,
                         192,  168,  1,    2,    1, 2, 3,    4,    5, 6, 7, 8, 9, 10, 11,   12,   17,  0, 0,    0,
                         0x0F, 0xA0, 0x13, 0x88, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0,  0xFF, 0xFF, 203, 0, 113,  7};
    EXPECT_EQ(request, expected);
}

TEST(PcpWire, ReadsTheAnswerToIt)
{
    const auto answer = read_pcp(
        granted(write_pcp_map(kWanted.internal.address, kNonce, kWanted, {address("203.0.113.7"), 5000}, 3600)));
    ASSERT_TRUE(answer && answer->map);
    EXPECT_EQ(answer->lifetime_s, 3600U);
    EXPECT_EQ(answer->epoch_s, 99U);
    EXPECT_EQ(answer->map->nonce, kNonce);
    EXPECT_EQ(answer->map->internal_port, 4000);
    EXPECT_EQ(answer->map->external, (Endpoint{address("203.0.113.7"), 5000}));
}

TEST(PcpWire, RefusesWhatIsNoAnswer)
{
    const Bytes good = granted(write_pcp_map(kWanted.internal.address, kNonce, kWanted, {}, 3600));
    ASSERT_TRUE(read_pcp(good));
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(read_pcp(ByteView(good).first(size))) << size;
    Bytes request = good;
    request[1] &= 0x7F;
    EXPECT_FALSE(read_pcp(request)) << "a question";
    Bytes other = good;
    other[0] = 3;
    EXPECT_FALSE(read_pcp(other)) << "another version that grants something";
    Bytes longer = good;
    longer.resize(1104);
    EXPECT_FALSE(read_pcp(longer));
    longer.resize(1100);
    EXPECT_TRUE(read_pcp(longer)) << "options follow";
}

TEST(NatPmpWire, ReadsWhatARouterAnswers)
{
    EXPECT_EQ(write_nat_pmp_map(kWanted, 5000, 3600), (Bytes{0, 1, 0, 0, 0x0F, 0xA0, 0x13, 0x88, 0, 0, 0x0E, 0x10}));
    const auto outside = read_nat_pmp(Bytes{0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 7});
    ASSERT_TRUE(outside);
    EXPECT_EQ(outside->external, address("203.0.113.7"));
    EXPECT_EQ(outside->epoch_s, 9U);
    const Bytes mapping{0, 129, 0, 0, 0, 0, 0, 9, 0x0F, 0xA0, 0x13, 0x88, 0, 0, 0x0E, 0x10};
    const auto mapped = read_nat_pmp(mapping);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->internal_port, 4000);
    EXPECT_EQ(mapped->external_port, 5000);
    EXPECT_EQ(mapped->lifetime_s, 3600U);
    for (std::size_t size = 0; size < mapping.size(); ++size)
        EXPECT_FALSE(read_nat_pmp(ByteView(mapping).first(size))) << size;
    EXPECT_EQ(read_nat_pmp(Bytes{0, 129, 0, 2, 0, 0, 0, 9})->result, 2) << "an error without the rest";
    EXPECT_FALSE(read_nat_pmp(Bytes{0, 131, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0})) << "no such opcode";
}

TEST(RouterEpoch, SaysThatMappingsAreLostWhenTheClockGoesBackOrRunsElsewhere)
{
    const Epoch::Clock::time_point begin{};
    Epoch epoch;
    EXPECT_FALSE(epoch.has_restarted(1000, begin));
    EXPECT_FALSE(epoch.has_restarted(1100, begin + 100s));
    EXPECT_FALSE(epoch.has_restarted(1100, begin + 101s)) << "whole seconds";
    EXPECT_FALSE(epoch.has_restarted(1197, begin + 200s)) << "a sixteenth slower";
    EXPECT_TRUE(epoch.has_restarted(3, begin + 210s)) << "restarted";
    EXPECT_FALSE(epoch.has_restarted(13, begin + 220s));
    EXPECT_TRUE(epoch.has_restarted(14, begin + 420s)) << "restarted, and nearly caught up";
    EXPECT_TRUE(epoch.has_restarted(12, begin + 420s)) << "a clock goes back by no more than a second";
}

TEST(UpnpUrl, IsOfDigitsAlone)
{
    EXPECT_EQ(read_url("http://192.168.1.1:5000/a/b.xml"), (Url{{address("192.168.1.1"), 5000}, "/a/b.xml"}));
    EXPECT_EQ(read_url("http://[2001:db8::1]:5000/r.xml"), (Url{{address("2001:db8::1"), 5000}, "/r.xml"}));
    EXPECT_EQ(read_url("http://[::1]"), (Url{{address("::1"), 80}, "/"}));
    EXPECT_EQ(read_url("http://192.168.1.1"), (Url{{address("192.168.1.1"), 80}, "/"}));
    for (const char* bad :
         {"", "https://192.168.1.1/", "http://router/", "http://a@192.168.1.1/", "http://192.168.1.1:0/",
          "http://192.168.1.1:70000/", "http://192.168.1.1:5x/", "http://192.168.1.1/a b",
          "http://192.168.1.1/\r\nX: y", "http://[::1/", "http://[::1]x/", "http://::1/", "http://[192.168.1.1]/",
          "http://[fe80::1%25net]/", "http://[]/", "http://[::1]:0/"})
        EXPECT_FALSE(read_url(bad)) << bad;
    EXPECT_FALSE(read_url("http://192.168.1.1/" + std::string(kMaxUrlBytes, 'a')));
}

std::optional<Url> search_answer(const std::string& st, const std::string& location)
{
    const std::string text =
        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nst: " + st + "\r\nLocation:" + location + "\r\n\r\n";
    return read_search_answer(jackfield::as_bytes(text), address("192.168.1.1"), address("192.168.1.2"));
}

TEST(UpnpSearch, TakesAGatewayThatSpeaksOfItselfAlone)
{
    const std::string gateway = "urn:schemas-upnp-org:device:InternetGatewayDevice:2";
    EXPECT_EQ(search_answer(gateway, " http://192.168.1.1:5000/r.xml"),
              (Url{{address("192.168.1.1"), 5000}, "/r.xml"}));
    EXPECT_FALSE(search_answer("urn:schemas-upnp-org:device:MediaServer:1", " http://192.168.1.1:5000/r.xml"));
    EXPECT_FALSE(search_answer(gateway, " http://192.168.1.9:5000/r.xml")) << "another's address";
    EXPECT_FALSE(search_answer(gateway, ""));
}

// A router is known by its link-local address, and may name another of its own.
TEST(UpnpSearch, TakesAGatewayOfIpv6ThatSpeaksOfANeighbour)
{
    const auto answered = [](const std::string& url) {
        const std::string text =
            "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\nLOCATION: " + url +
            "\r\n\r\n";
        return read_search_answer(jackfield::as_bytes(text), address("2001:db8:7::1"), address("2001:db8:1::2"))
            .has_value();
    };
    EXPECT_TRUE(answered("http://[2001:db8:7::1]:5000/r.xml")) << "it is there that it answers from";
    EXPECT_TRUE(answered("http://[2001:db8:1::ff]:5000/r.xml")) << "our /64";
    EXPECT_TRUE(answered("http://[fe80::1]:5000/r.xml"));
    EXPECT_TRUE(answered("http://[fd00::1]:5000/r.xml"));
    EXPECT_FALSE(answered("http://[2001:db8:1:1::2]:5000/r.xml")) << "another network";
    EXPECT_FALSE(answered("http://192.168.1.1:5000/r.xml"));
    EXPECT_FALSE(answered("http://[::ffff:192.168.1.1]:5000/r.xml"));
}

std::string description(const std::string& control, const std::string& type = "WANIPConnection:1")
{
    return "<?xml version=\"1.0\"?><root><device><serviceList><service><serviceType>urn:schemas-upnp-org:service:" +
           type + "</serviceType><controlURL>" + control + "</controlURL></service></serviceList></device></root>";
}

TEST(UpnpDescription, NamesTheServiceThatMapsPorts)
{
    const Url from{{address("192.168.1.1"), 5000}, "/r.xml"};
    for (const char* control : {"/ctl", "ctl", "http://192.168.1.1:5000/ctl"}) {
        const auto services = read_description(description(control), from);
        ASSERT_EQ(services.size(), 1U) << control;
        EXPECT_EQ(services[0].control, (Url{{address("192.168.1.1"), 5000}, "/ctl"}));
        EXPECT_EQ(services[0].type, "urn:schemas-upnp-org:service:WANIPConnection:1");
    }
    EXPECT_TRUE(read_description(description("http://192.168.1.9/ctl"), from).empty()) << "another's address";
    EXPECT_TRUE(read_description(description("/c\r\nX: y"), from).empty());
    EXPECT_TRUE(read_description(description("/ctl", "RenderingControl:1"), from).empty());
    EXPECT_TRUE(read_description("<root><device", from).empty());
    EXPECT_TRUE(read_description(std::string(kMaxHttpBytes, '<'), from).empty());
}

TEST(UpnpDescription, NamesTheServiceThatOpensPinholes)
{
    const Url from{{address("2001:db8:1::1"), 5000}, "/r.xml"};
    const std::string type = "WANIPv6FirewallControl:1";
    const auto services = read_pinhole_description(description("/ctl", type), from);
    ASSERT_EQ(services.size(), 1U);
    EXPECT_EQ(services[0].control, (Url{{address("2001:db8:1::1"), 5000}, "/ctl"}));
    EXPECT_EQ(services[0].type, "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1");
    EXPECT_TRUE(read_description(description("/ctl", type), from).empty()) << "it maps no ports";
    EXPECT_TRUE(read_pinhole_description(description("/ctl"), from).empty());
    EXPECT_TRUE(read_pinhole_description(description("http://[2001:db8:1::9]/ctl", type), from).empty());
}

TEST(UpnpAction, IsAnsweredWithValuesOrAnError)
{
    const auto address_answer = read_action_answer(
        "<s:Envelope><s:Body><u:X><NewExternalIPAddress>203.0.113.7</NewExternalIPAddress></u:X></s:Body></s:Envelope>",
        {"NewExternalIPAddress", "Other"});
    EXPECT_EQ(address_answer.error, 0);
    EXPECT_EQ(address_answer.values.at("NewExternalIPAddress"), "203.0.113.7");
    EXPECT_EQ(address_answer.values.at("Other"), "");
    const auto refusal = read_action_answer(
        "<UPnPError><errorCode>718</errorCode><errorDescription>Con\nflict</errorDescription></UPnPError>", {});
    EXPECT_EQ(refusal.error, 718);
    EXPECT_EQ(refusal.error_text, "Con?flict");
}

TEST(DefaultGateway, IsTheOneOfTheBestDefaultRoute)
{
    const std::string heads = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    EXPECT_EQ(read_default_gateway(heads + "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
                                           "eth0\t00000000\tFE01A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
                                           "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"),
              address("192.168.1.254"));
    EXPECT_FALSE(read_default_gateway(heads + "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"))
        << "no router has an address there";
    EXPECT_FALSE(read_default_gateway(heads + "eth0\tx"));
    EXPECT_FALSE(read_default_gateway(""));
}

TEST(DefaultGateway, OfIpv6IsTheOneOfTheBestDefaultRouteOfAnInterface)
{
    const std::string zeros(32, '0');
    const auto route = [&](const std::string& to, const std::string& via, const std::string& metric,
                           const std::string& flags, const std::string& device) {
        return to + " 00 " + zeros + " 00 " + via + ' ' + metric + " 00000001 00000000 " + flags + "     " + device +
               '\n';
    };
    const std::string first = "fe800000000000000000000000000001";
    const std::string second = "fe800000000000000000000000000002";
    EXPECT_EQ(read_default_gateway_v6(route(zeros, first, "00000400", "00000003", "eth0") +
                                          route(zeros, second, "00000100", "00450003", "eth0") +
                                          route(zeros, first, "00000001", "00000003", "wlan0") +
                                          route(zeros, zeros, "00000000", "00000001", "eth0"),
                                      "eth0"),
              address("fe80::2"));
    EXPECT_FALSE(read_default_gateway_v6(route(zeros, zeros, "ffffffff", "00200200", "lo"), "lo"));
    EXPECT_FALSE(read_default_gateway_v6(route(zeros, "fe80", "00000001", "00000003", "eth0"), "eth0"));
    EXPECT_FALSE(read_default_gateway_v6(route(zeros, std::string(32, 'x'), "00000001", "00000003", "eth0"), "eth0"));
    EXPECT_FALSE(read_default_gateway_v6("", "eth0"));
}

jackfield::ice::Candidate candidate(const std::string& line)
{
    return jackfield::ice::parse_candidate(line).value();
}

TEST(SessionPorts, AreForWhatListensAndCouldBeReached)
{
    EXPECT_EQ(wanted_for(candidate("1 1 UDP 5 192.168.1.2 4000 typ host")),
              (Wanted{Transport::udp, {address("192.168.1.2"), 4000}}));
    EXPECT_EQ(wanted_for(candidate("1 1 TCP 5 2001:db8::2 4000 typ host tcptype passive")),
              (Wanted{Transport::tcp, {address("2001:db8::2"), 4000}}));
    for (const char* const line :
         {"1 1 TCP 5 192.168.1.2 9 typ host tcptype active", "1 1 UDP 5 127.0.0.1 4000 typ host",
          "1 1 UDP 5 ::1 4000 typ host", "1 1 UDP 5 fd00::2 4000 typ host",
          "1 1 UDP 5 198.51.100.7 4000 typ srflx raddr 192.168.1.2 rport 4000",
          "1 1 UDP 5 2001:db8::2 4000 typ relay raddr 2001:db8::2 rport 4000"})
        EXPECT_FALSE(wanted_for(candidate(line))) << line;
}

TEST(SessionPorts, AreShownAsAServerWouldHaveSeenThem)
{
    const auto host = candidate("7 2 UDP 2130706430 192.168.1.2 4000 typ host");
    const auto mapped = mapped_candidate(host, {Protocol::pcp, {address("203.0.113.7"), 5000}, {}});
    EXPECT_EQ(jackfield::ice::write_candidate(mapped),
              "M7 2 UDP 1694498814 203.0.113.7 5000 typ srflx raddr 192.168.1.2 rport 4000");
}

} // namespace
} // namespace shared_port_mapping
