// What a host finds out about the NAT in front of it. See probe.hpp.

#include "probe.hpp"

#include "udp_socket.hpp"

#include <jackfield/basic.hpp>

#include <sys/random.h>

#include <algorithm>

namespace laboratory {

namespace {

using namespace std::chrono_literals;
using shared_stun::BehaviourDiscovery;
using shared_stun::Endpoint;
using shared_stun::NatReport;

constexpr BehaviourDiscovery::Settings kSettings{std::chrono::milliseconds(100), 5, 2};
constexpr const char* kNoUdp = "no UDP gets through";

Endpoint endpoint_of(const Place& place)
{
    return {*jackfield::ice::IpAddress::parse(place.address.text()), place.port};
}

Time steady_now()
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

NatReport discover(const UdpSocket& socket, const Place& server)
{
    const auto random = [](std::span<std::uint8_t> bytes) {
        [[maybe_unused]] const auto count = getrandom(bytes.data(), bytes.size(), 0);
    };
    BehaviourDiscovery discovery(endpoint_of(server), endpoint_of(socket.local()), random, kSettings);
    while (!discovery.report()) {
        for (const auto& [to, bytes] : discovery.send(steady_now()))
            socket.send({Address::parse(to.address.text()), to.port}, jackfield::as_text(bytes));
        if (discovery.report())
            break;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*discovery.next() - steady_now());
        const auto packet = socket.receive(std::max(left, 0ms));
        if (packet)
            discovery.receive(endpoint_of(packet->from), jackfield::as_bytes(packet->text), steady_now());
    }
    return *discovery.report();
}

std::string text_of(std::string_view mapping, std::string_view filtering)
{
    return std::string(mapping) + " mapping, " + std::string(filtering) + " filtering";
}

} // namespace

NatReport probe(const Host& host, const Place& server)
{
    return discover(UdpSocket(host), server);
}

std::string expected_report(const NatBehaviour& behaviour)
{
    return behaviour.udp ? text_of(name_of(behaviour.mapping), name_of(behaviour.filtering)) : kNoUdp;
}

std::string text_of(const NatReport& report)
{
    if (!report.mapped)
        return kNoUdp;
    return text_of(report.mapping ? name_of(*report.mapping) : "unknown",
                   report.filtering ? name_of(*report.filtering) : "unknown");
}

} // namespace laboratory
