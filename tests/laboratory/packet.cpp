// An IPv4 packet. See packet.hpp.

#include "packet.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

namespace laboratory {

namespace {

constexpr std::size_t kIpChecksumAt = 10;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kUdpHeader = 8;

/// A checksum after one of its words has changed (RFC 1624, equation 3).
std::uint16_t adjusted(std::uint16_t checksum, std::uint16_t before, std::uint16_t after)
{
    std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
    sum += static_cast<std::uint16_t>(~before);
    sum += after;
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFFU) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

} // namespace

Address Address::parse(const std::string& text)
{
    in_addr address{};
    if (inet_pton(AF_INET, text.c_str(), &address) != 1)
        throw std::invalid_argument("\"" + text + "\" is no IPv4 address");
    return {ntohl(address.s_addr)};
}

std::string Address::text() const
{
    return std::to_string(value >> 24) + "." + std::to_string(value >> 16 & 0xFFU) + "." +
           std::to_string(value >> 8 & 0xFFU) + "." + std::to_string(value & 0xFFU);
}

std::optional<Packet> Packet::parse(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() < 20 || bytes[0] >> 4 != 4)
        return std::nullopt;
    const std::size_t header = (bytes[0] & 0x0FU) * 4U;
    const std::size_t total = static_cast<std::size_t>(bytes[2]) << 8 | bytes[3];
    const bool part = ((bytes[6] & 0x3FU) | bytes[7]) != 0;
    const bool tcp = bytes[9] == static_cast<std::uint8_t>(Protocol::tcp);
    const bool udp = bytes[9] == static_cast<std::uint8_t>(Protocol::udp);
    if (header < 20 || total > bytes.size() || part || (!tcp && !udp) ||
        total < header + (tcp ? kTcpHeader : kUdpHeader))
        return std::nullopt;
    return Packet({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(total)});
}

std::uint16_t Packet::word(std::size_t at) const
{
    return static_cast<std::uint16_t>(bytes_[at] << 8 | bytes_[at + 1]);
}

void Packet::set_word(std::size_t at, std::uint16_t value)
{
    bytes_[at] = static_cast<std::uint8_t>(value >> 8);
    bytes_[at + 1] = static_cast<std::uint8_t>(value);
}

Place Packet::place(std::size_t address_at, std::size_t port_at) const
{
    return {{static_cast<std::uint32_t>(word(address_at)) << 16 | word(address_at + 2)}, word(header() + port_at)};
}

/// The checksum of TCP and UDP covers the addresses, too; one of UDP that is 0 is none (RFC 768).
void Packet::replace(std::size_t at, std::uint16_t value, bool in_ip_header)
{
    const std::uint16_t before = word(at);
    set_word(at, value);
    if (in_ip_header)
        set_word(kIpChecksumAt, adjusted(word(kIpChecksumAt), before, value));
    const bool udp = protocol() == Protocol::udp;
    const std::size_t sum_at = header() + (udp ? 6 : 16);
    if (udp && word(sum_at) == 0)
        return;
    const std::uint16_t sum = adjusted(word(sum_at), before, value);
    set_word(sum_at, udp && sum == 0 ? 0xFFFF : sum);
}

void Packet::rewrite(std::size_t address_at, std::size_t port_at, const Place& place)
{
    replace(address_at, static_cast<std::uint16_t>(place.address.value >> 16), true);
    replace(address_at + 2, static_cast<std::uint16_t>(place.address.value), true);
    replace(header() + port_at, place.port, false);
}

bool Packet::hop()
{
    if (bytes_[8] <= 1)
        return false;
    const std::uint16_t before = word(8); // the time to live, and the protocol
    --bytes_[8];
    set_word(kIpChecksumAt, adjusted(word(kIpChecksumAt), before, word(8)));
    return true;
}

std::span<const std::uint8_t> Packet::payload() const
{
    const std::size_t above = header();
    const std::size_t size =
        protocol() == Protocol::udp ? kUdpHeader : static_cast<std::size_t>(bytes_[above + 12] >> 4) * 4U;
    const std::span<const std::uint8_t> all(bytes_);
    return all.size() < above + size ? std::span<const std::uint8_t>() : all.subspan(above + size);
}

namespace {

/// RFC 1071, over an even number of bytes.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes)
{
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 2)
        sum += static_cast<std::uint32_t>(bytes[at] << 8 | bytes[at + 1]);
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFFU) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

} // namespace

std::vector<std::uint8_t> port_unreachable(const Packet& packet)
{
    constexpr std::size_t kQuoted = 20 + 8; // of what is refused: its header, and where the ports are
    constexpr std::size_t kBytes = 20 + 8 + kQuoted;
    const auto& refused = packet.bytes();
    std::vector<std::uint8_t> answer(kBytes);
    answer[0] = 0x45;
    answer[3] = kBytes;
    answer[8] = 64; // time to live
    answer[9] = 1;  // ICMP
    std::copy_n(refused.begin() + 16, 4, answer.begin() + 12);
    std::copy_n(refused.begin() + 12, 4, answer.begin() + 16);
    answer[20] = 3; // destination unreachable
    answer[21] = 3; // port
    std::copy_n(refused.begin(), kQuoted, answer.begin() + 28);
    const std::span<const std::uint8_t> all(answer);
    const auto put = [&](std::size_t at, std::uint16_t value) {
        answer[at] = static_cast<std::uint8_t>(value >> 8);
        answer[at + 1] = static_cast<std::uint8_t>(value);
    };
    put(22, internet_checksum(all.subspan(20)));
    put(10, internet_checksum(all.first(20)));
    return answer;
}

} // namespace laboratory
