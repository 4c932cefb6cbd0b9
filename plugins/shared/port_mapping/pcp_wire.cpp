// See pcp_wire.hpp.
#include "pcp_wire.hpp"

#include <algorithm>

namespace shared_port_mapping {

namespace {

constexpr std::uint8_t kPcpVersion = 2;
constexpr std::uint8_t kNatPmpVersion = 0;
constexpr std::uint8_t kAnswerBit = 0x80;
constexpr std::size_t kPcpHeaderBytes = 24;
constexpr std::size_t kPcpMapBytes = 36;
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}; // ::ffff:0:0/96

std::uint16_t word(ByteView bytes, std::size_t at)
{
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint32_t long_word(ByteView bytes, std::size_t at)
{
    return static_cast<std::uint32_t>(word(bytes, at)) << 16 | word(bytes, at + 2);
}

void put_word(Bytes& bytes, std::uint32_t value)
{
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
}

void put_long(Bytes& bytes, std::uint32_t value)
{
    put_word(bytes, value >> 16);
    put_word(bytes, value & 0xFFFFU);
}

/// Sixteen bytes, whatever it is.
void put_address(Bytes& bytes, const IpAddress& address)
{
    if (!address.is_v6())
        bytes.insert(bytes.end(), kMappedPrefix.begin(), kMappedPrefix.end());
    bytes.insert(bytes.end(), address.bytes(), address.bytes() + (address.is_v6() ? 16 : 4));
}

IpAddress read_address(ByteView sixteen)
{
    const bool mapped = std::ranges::equal(sixteen.first(kMappedPrefix.size()), kMappedPrefix);
    return IpAddress::from_bytes(mapped ? sixteen.subspan(kMappedPrefix.size(), 4) : sixteen.first(16));
}

Bytes pcp_header(std::uint8_t opcode, std::uint32_t lifetime_s, const IpAddress& client)
{
    Bytes bytes{kPcpVersion, opcode, 0, 0};
    put_long(bytes, lifetime_s);
    put_address(bytes, client);
    return bytes;
}

} // namespace

Bytes write_pcp_announce(const IpAddress& client)
{
    return pcp_header(kPcpAnnounce, 0, client);
}

Bytes write_pcp_map(const IpAddress& client, const PcpNonce& nonce, const Wanted& wanted, const Endpoint& suggested,
                    std::uint32_t lifetime_s)
{
    Bytes bytes = pcp_header(kPcpMap, lifetime_s, client);
    bytes.insert(bytes.end(), nonce.begin(), nonce.end());
    bytes.insert(bytes.end(), {static_cast<std::uint8_t>(wanted.transport), 0, 0, 0});
    put_word(bytes, wanted.internal.port);
    put_word(bytes, suggested.port);
    put_address(bytes, suggested.address); // no suggestion: all zeros of IPv4, mapped (RFC 6887 section 11.1)
    return bytes;
}

std::optional<PcpAnswer> read_pcp(ByteView datagram)
{
    if (datagram.size() < kPcpHeaderBytes || datagram.size() > kMaxPcpBytes || datagram.size() % 4 != 0 ||
        (datagram[1] & kAnswerBit) == 0)
        return std::nullopt;
    PcpAnswer answer;
    answer.version = datagram[0];
    answer.opcode = datagram[1] & 0x7FU;
    answer.result = datagram[3];
    answer.lifetime_s = long_word(datagram, 4);
    answer.epoch_s = long_word(datagram, 8);
    if (answer.version != kPcpVersion) // only the refusal of ours may have another
        return answer.result == static_cast<std::uint8_t>(PcpResult::unsupported_version) &&
                       answer.version != kNatPmpVersion
                   ? std::optional(answer)
                   : std::nullopt;
    if (answer.opcode != kPcpMap)
        return answer;
    if (datagram.size() < kPcpHeaderBytes + kPcpMapBytes)
        return answer.result == static_cast<std::uint8_t>(PcpResult::success) ? std::nullopt : std::optional(answer);
    const ByteView data = datagram.subspan(kPcpHeaderBytes);
    PcpMapAnswer map;
    std::ranges::copy(data.first(map.nonce.size()), map.nonce.begin());
    map.transport = data[12];
    map.internal_port = word(data, 16);
    map.external = {read_address(data.subspan(20, 16)), word(data, 18)};
    answer.map = map;
    return answer;
}

Bytes write_nat_pmp_address()
{
    return {kNatPmpVersion, 0};
}

Bytes write_nat_pmp_map(const Wanted& wanted, std::uint16_t suggested, std::uint32_t lifetime_s)
{
    Bytes bytes{kNatPmpVersion, static_cast<std::uint8_t>(wanted.transport == Transport::udp ? 1 : 2), 0, 0};
    put_word(bytes, wanted.internal.port);
    put_word(bytes, suggested);
    put_long(bytes, lifetime_s);
    return bytes;
}

std::optional<NatPmpAnswer> read_nat_pmp(ByteView datagram)
{
    if (datagram.size() < 8 || datagram[0] != kNatPmpVersion || datagram[1] < kAnswerBit ||
        datagram[1] > kAnswerBit + 2)
        return std::nullopt;
    NatPmpAnswer answer;
    answer.opcode = datagram[1] & 0x7FU;
    answer.result = word(datagram, 2);
    answer.epoch_s = long_word(datagram, 4);
    if (answer.result != 0) // what follows an error is not worth looking at; some routers leave it out
        return datagram.size() <= 16 ? std::optional(answer) : std::nullopt;
    if (datagram.size() != (answer.opcode == 0 ? 12U : 16U))
        return std::nullopt;
    if (answer.opcode == 0) {
        answer.external = IpAddress::from_bytes(datagram.subspan(8, 4));
    } else {
        answer.internal_port = word(datagram, 8);
        answer.external_port = word(datagram, 10);
        answer.lifetime_s = long_word(datagram, 12);
    }
    return answer;
}

std::string pcp_result_text(std::uint8_t result)
{
    constexpr std::array kTexts{
        "SUCCESS",       "UNSUPP_VERSION",          "NOT_AUTHORIZED",   "MALFORMED_REQUEST",     "UNSUPP_OPCODE",
        "UNSUPP_OPTION", "MALFORMED_OPTION",        "NETWORK_FAILURE",  "NO_RESOURCES",          "UNSUPP_PROTOCOL",
        "USER_EX_QUOTA", "CANNOT_PROVIDE_EXTERNAL", "ADDRESS_MISMATCH", "EXCESSIVE_REMOTE_PEERS"};
    return result < kTexts.size() ? kTexts[result] : "result " + std::to_string(result);
}

std::string nat_pmp_result_text(std::uint16_t result)
{
    constexpr std::array kTexts{"success",         "unsupported version", "not authorized",
                                "network failure", "out of resources",    "unsupported opcode"};
    return result < kTexts.size() ? kTexts[result] : "result " + std::to_string(result);
}

bool Epoch::has_restarted(std::uint32_t epoch_s, Clock::time_point now)
{
    bool restarted = false;
    if (known_) {
        const auto client = std::chrono::duration<double>(now - client_).count();
        const auto server = static_cast<double>(epoch_s) - static_cast<double>(server_s_);
        // RFC 6887 section 8.5: back by more than a second, or the two clocks differ by more than a sixteenth. A
        // second of slack on either side is for NAT-PMP, whose clocks count whole ones, too.
        restarted = server < -1 || client + 2 < server - server / 16 || server + 2 < client - client / 16;
    }
    known_ = true;
    server_s_ = epoch_s;
    client_ = now;
    return restarted;
}

} // namespace shared_port_mapping
