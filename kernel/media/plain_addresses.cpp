// Addresses without ICE. See plain_addresses.hpp.

#include "kernel/media/plain_addresses.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace jackfield::kernel {

namespace {

using asio::ip::address;

/// A candidate of ours over UDP, as far as this matters here.
struct Own {
    int component = 0;
    address at;
    int port = 0;
    std::string type;
    address base; // of a reflexive one
};

/// "foundation component transport priority address port typ type [raddr address]" (RFC 8839 section 5.1).
std::optional<Own> read_own(const std::string& line)
{
    std::istringstream words(line);
    std::string foundation, transport, priority, where, typ, word, related;
    Own own;
    words >> foundation >> own.component >> transport >> priority >> where >> own.port >> typ >> own.type;
    asio::error_code malformed;
    own.at = asio::ip::make_address(where, malformed);
    if (!words || malformed || (transport != "UDP" && transport != "udp"))
        return std::nullopt;
    if (words >> word >> related && word == "raddr")
        own.base = asio::ip::make_address(related, malformed);
    return own;
}

std::vector<Own> read_all(const std::string& connectivity)
{
    std::vector<Own> all;
    std::istringstream lines(connectivity);
    for (std::string line; std::getline(lines, line);) {
        if (auto own = read_own(line))
            all.push_back(std::move(*own));
    }
    return all;
}

/// The address that the system would send from to there.
address source_towards(const address& remote)
{
    asio::io_context context;
    asio::ip::udp::socket probe(context);
    asio::error_code failed;
    probe.connect({remote, 9}, failed); // sends nothing
    return failed ? address() : probe.local_endpoint(failed).address();
}

/// Reached from anywhere, so that it sees us as the world does.
bool is_public(const address& remote)
{
    if (remote.is_v6())
        return (remote.to_v6().to_bytes()[0] & 0xe0) == 0x20; // RFC 4291 section 2.4
    const auto bytes = remote.to_v4().to_bytes();
    const bool reserved = bytes[0] == 10 || bytes[0] == 127 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
                          (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254) ||
                          (bytes[0] == 100 && (bytes[1] & 0xc0) == 64); // RFC 1918, 3927, 6598
    return !reserved;
}

/// Of one component, the one to be named to a peer there: as the world sees us, if the peer is out there; the one its
/// packets would leave from; anything of its family.
const Own* choose(const std::vector<Own>& all, int component, const address& remote)
{
    const address source = source_towards(remote);
    const auto rank = [&](const Own& own) {
        if (own.component != component || own.at.is_v6() != remote.is_v6())
            return 0;
        if (own.type == "srflx" && is_public(remote) && !is_public(source))
            return own.base == source ? 5 : 4;
        if (own.type == "host")
            return own.at == source ? 3 : 2;
        return 1;
    };
    const auto best =
        std::ranges::max_element(all, [&](const Own& left, const Own& right) { return rank(left) < rank(right); });
    return best == all.end() || rank(*best) == 0 ? nullptr : &*best;
}

const Own& require_own(const std::vector<Own>& all, int component, const address& remote)
{
    const Own* own = choose(all, component, remote);
    if (own == nullptr)
        throw Failure(JF_UNREACHABLE,
                      fmt::format("no address of ours for component {} that a peer without ICE at {} could reach; "
                                  "looked at {} candidates over UDP",
                                  component, remote.to_string(), all.size()));
    return *own;
}

/// Where the peer of that line is; on hold it is nowhere, and any address of ours will do.
address peer_of(const std::string& text)
{
    asio::error_code malformed;
    const address remote = asio::ip::make_address(text, malformed);
    if (malformed)
        throw Failure(JF_UNSUPPORTED,
                      "the peer's media address \"" + text + "\" is no IP address: names are not looked up");
    return remote;
}

std::string candidate(int component, const std::string& where, int port)
{
    return fmt::format("1 {} UDP 1 {} {} typ host\n", component, where, port);
}

} // namespace

void name_own_addresses(MediaDescription& ours, const std::string& connectivity)
{
    const auto all = read_all(connectivity);
    for (auto& line : ours.lines) {
        if (line.rejected || !line.channel.empty())
            continue;
        const address remote = peer_of(line.towards);
        const Own& rtp = require_own(all, line.rtp_component, remote);
        line.address = rtp.at.to_string();
        line.port = rtp.port;
        if (line.rtcp_component == line.rtp_component)
            continue;
        const Own& rtcp = require_own(all, line.rtcp_component, remote);
        line.rtcp_address = rtcp.at.to_string();
        line.rtcp_port = rtcp.port;
    }
}

std::string describe_plain_peer(const MediaDescription& remote, const std::vector<AgreedStream>& streams, bool moved)
{
    std::string text = "-\n-\n";
    std::set<int> named;
    for (const auto& stream : streams) {
        const MediaLine& line = remote.lines[stream.line];
        if (!stream.channel.empty() || !named.insert(stream.rtp_component).second)
            continue;
        const bool nowhere = peer_of(line.address).is_unspecified();
        const int port = line.port.value_or(0);
        if (moved && (nowhere || port == 0))
            continue;
        text += candidate(stream.rtp_component, line.address, port);
        if (!named.insert(stream.rtcp_component).second)
            continue;
        const std::string& where = line.rtcp_address.empty() ? line.address : line.rtcp_address;
        text += candidate(stream.rtcp_component, where, line.rtcp_port.value_or(port == 0 ? 0 : port + 1));
    }
    return text;
}

} // namespace jackfield::kernel
