// See session_ports.hpp.
#include "session_ports.hpp"

#include <jackfield/basic.hpp>

#include <algorithm>

namespace shared_port_mapping {

namespace {

namespace ice = jackfield::ice;

/// RFC 8445 section 5.1.2.2: of a server reflexive candidate. Halved for TCP, as libnice does, so that UDP comes first.
constexpr std::uint32_t kTypePreference = 100;
constexpr std::size_t kMaxFoundation = 32;

} // namespace

std::vector<Protocol> read_protocols(const nlohmann::json& value, const std::string& place)
{
    const std::vector<Protocol> all{Protocol::pcp, Protocol::nat_pmp, Protocol::upnp};
    if (value.is_boolean())
        return value.get<bool>() ? all : std::vector<Protocol>();
    if (!value.is_array())
        throw jackfield::ConfigError(place + ": expected true, false or a list of \"pcp\", \"nat-pmp\", \"upnp\"");
    std::vector<Protocol> named;
    for (const auto& entry : ice::read_list(value, place, all.size())) {
        const std::string here = ice::at(place, named.size());
        const std::string word = ice::read_text(entry, here);
        constexpr std::string_view kWords[] = {"pcp", "nat-pmp", "upnp"};
        const auto* const found = std::ranges::find(kWords, word);
        if (found == std::end(kWords))
            throw jackfield::ConfigError(here + ": expected \"pcp\", \"nat-pmp\" or \"upnp\"");
        named.push_back(all[static_cast<std::size_t>(found - kWords)]);
    }
    return named;
}

std::optional<Wanted> wanted_for(const ice::Candidate& candidate)
{
    const bool listens =
        candidate.transport == ice::Transport::udp || candidate.transport == ice::Transport::tcp_passive;
    const bool reachable =
        candidate.address.is_v6() ? candidate.address.is_global_v6() : !candidate.address.is_loopback();
    if (candidate.type != ice::CandidateType::host || !listens || !reachable)
        return std::nullopt;
    return Wanted{candidate.is_tcp() ? Transport::tcp : Transport::udp, {candidate.address, candidate.port}};
}

ice::Candidate mapped_candidate(const ice::Candidate& host, const Granted& granted)
{
    ice::Candidate candidate = host;
    candidate.foundation = ("M" + host.foundation).substr(0, kMaxFoundation); // RFC 8445 section 5.1.1.3
    candidate.type = ice::CandidateType::server_reflexive;
    candidate.priority = (kTypePreference / (host.is_tcp() ? 2 : 1)) << 24 | (host.priority & 0xFFFFFFU);
    candidate.address = granted.external.address;
    candidate.port = granted.external.port;
    candidate.related_address = host.address;
    candidate.related_port = host.port;
    return candidate;
}

} // namespace shared_port_mapping
