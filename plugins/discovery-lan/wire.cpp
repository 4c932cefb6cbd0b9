// The datagrams by which neighbours find each other. See wire.hpp.
#include "wire.hpp"

#include <algorithm>

namespace discovery_lan {

namespace {

constexpr std::array<std::uint8_t, 5> kHead{'J', 'F', 'L', 'N', 1};
constexpr std::size_t kFixed_bytes = kHead.size() + 4;

} // namespace

jackfield::Bytes write(const Datagram& datagram)
{
    jackfield::Bytes bytes(kHead.begin(), kHead.end());
    bytes.push_back(static_cast<std::uint8_t>(datagram.kind));
    bytes.push_back(static_cast<std::uint8_t>(datagram.port >> 8));
    bytes.push_back(static_cast<std::uint8_t>(datagram.port));
    bytes.push_back(static_cast<std::uint8_t>(datagram.key.size()));
    bytes.insert(bytes.end(), datagram.key.begin(), datagram.key.end());
    return bytes;
}

std::optional<Datagram> read(jackfield::ByteView bytes)
{
    if (bytes.size() < kFixed_bytes || !std::equal(kHead.begin(), kHead.end(), bytes.begin()))
        return std::nullopt;
    const std::uint8_t kind = bytes[5];
    const std::size_t key = bytes[8];
    if (kind < 1 || kind > 3 || key == 0 || key > kLargestKey_bytes || bytes.size() != kFixed_bytes + key)
        return std::nullopt;
    const auto port = static_cast<std::uint16_t>(bytes[6] << 8 | bytes[7]);
    if ((port == 0) != (static_cast<Kind>(kind) == Kind::ask))
        return std::nullopt;
    return Datagram{static_cast<Kind>(kind), port, std::string(jackfield::as_text(bytes.subspan(kFixed_bytes)))};
}

} // namespace discovery_lan
