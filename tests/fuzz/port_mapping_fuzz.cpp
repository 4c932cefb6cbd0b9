// What routers and whoever else is on a network may say to whom asks for port mappings: PCP, NAT-PMP, SSDP, HTTP,
// descriptions, SOAP. What is read as an address leads to the sender, and what is granted is within bounds.
//
// Threads: one.
// links: shared_port_mapping
#include "fuzz.hpp"

#include <shared/port_mapping/http_reply.hpp>
#include <shared/port_mapping/pcp_wire.hpp>
#include <shared/port_mapping/upnp_messages.hpp>

#include <cstdlib>

namespace {

using namespace shared_port_mapping;

const IpAddress kRouter = *IpAddress::parse("192.168.1.1");
const IpAddress kUs = *IpAddress::parse("192.168.1.2");
const IpAddress kUsV6 = *IpAddress::parse("2001:db8:1::2");
const Url kFrom{{kRouter, 5000}, "/desc.xml"};

std::vector<std::uint8_t> bytes_of(std::string_view text)
{
    return {text.begin(), text.end()};
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    const Wanted wanted{Transport::udp, {*IpAddress::parse("192.168.1.2"), 4000}};
    Bytes pcp = write_pcp_map(wanted.internal.address, {}, wanted, {}, 3600);
    pcp[1] |= 0x80;
    const Wanted pinhole{Transport::udp, {kUsV6, 4000}};
    Bytes pcp_v6 = write_pcp_map(kUsV6, {}, pinhole, pinhole.internal, 3600);
    pcp_v6[1] |= 0x80;
    return {
        pcp,
        pcp_v6,
        bytes_of("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n"
                 "LOCATION: http://[2001:db8:1::1]:5000/desc.xml\r\n\r\n"),
        bytes_of("<root><device><serviceList><service><serviceType>urn:schemas-upnp-org:service:"
                 "WANIPv6FirewallControl:1</serviceType><controlURL>/c</controlURL></service></serviceList></device>"
                 "</root>"),
        {0, 129, 0, 0, 0, 0, 0, 9, 0x0F, 0xA0, 0x13, 0x88, 0, 0, 0x0E, 0x10},
        {0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 7},
        bytes_of("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
                 "LOCATION: http://192.168.1.1:5000/desc.xml\r\n\r\n"),
        bytes_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<e/>\n\r\n0\r\n\r\n"),
        bytes_of("<root><URLBase>http://192.168.1.1:80</URLBase><device><serviceList><service><serviceType>"
                 "urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/c</controlURL>"
                 "</service></serviceList></device></root>"),
        bytes_of("<e><errorCode>718</errorCode><errorDescription>no</errorDescription><PortListing>"
                 "<NewExternalIPAddress>203.0.113.7</NewExternalIPAddress></PortListing></e>")};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const ByteView input(data, size);
    if (const auto answer = read_pcp(input); answer && answer->map && answer->version != 2)
        std::abort();
    if (const auto answer = read_nat_pmp(input); answer && answer->opcode > 2)
        std::abort();
    if (const auto url = read_search_answer(input, kRouter, kUs); url && url->place.address != kRouter)
        std::abort();
    if (const auto url = read_search_answer(input, kUsV6, kUsV6); url && !url->place.address.is_v6())
        std::abort();
    const std::string text(reinterpret_cast<const char*>(data), size);
    auto services = read_description(text, kFrom);
    for (auto& service : read_pinhole_description(text, kFrom))
        services.push_back(std::move(service));
    for (const auto& service : services) {
        const std::string action = write_action(service, "GetExternalIPAddress", {});
        if (service.control.place.address != kRouter || action.find("\r\n\r\n") != action.rfind("\r\n\r\n"))
            std::abort();
    }
    const auto action = read_action_answer(text, {"NewExternalIPAddress"});
    if (action.values.size() != 1 || action.error_text.find('\n') != std::string::npos)
        std::abort();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, size + 1}) {
        HttpReply reply;
        auto state = HttpReply::State::more;
        for (std::size_t at = 0; at < size && state == HttpReply::State::more; at += piece)
            state = reply.take(input.subspan(at, std::min(piece, size - at)));
        if (state == HttpReply::State::more)
            state = reply.end();
        if (state == HttpReply::State::whole && reply.body().size() > kMaxHttpBytes)
            std::abort();
    }
    return 0;
}
