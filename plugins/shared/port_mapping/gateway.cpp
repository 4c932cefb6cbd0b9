// See gateway.hpp.
#include "gateway.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

namespace shared_port_mapping {

namespace {

constexpr unsigned kUp = 1;      // RTF_UP
constexpr unsigned kGateway = 2; // RTF_GATEWAY

/// Of this thread's network namespace.
std::string whole_text(const char* path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// "fe800000000000000000000000000001"
std::optional<jackfield::ice::IpAddress> read_digits(std::string_view text)
{
    std::array<std::uint8_t, 16> bytes{};
    if (text.size() != 2 * bytes.size())
        return std::nullopt;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char* const digits = text.data() + 2 * at;
        if (const auto [end, error] = std::from_chars(digits, digits + 2, bytes[at], 16);
            error != std::errc() || end != digits + 2)
            return std::nullopt;
    }
    return jackfield::ice::IpAddress::from_bytes(bytes);
}

} // namespace

std::optional<jackfield::ice::IpAddress> read_default_gateway(std::string_view routes)
{
    std::istringstream lines{std::string(routes)};
    std::string line;
    std::getline(lines, line); // the heads of the columns
    std::optional<jackfield::ice::IpAddress> found;
    unsigned long best = std::numeric_limits<unsigned long>::max();
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string device;
        unsigned long destination = 0;
        unsigned long gateway = 0;
        unsigned long flags = 0;
        unsigned long ignored = 0;
        unsigned long metric = 0;
        unsigned long mask = 0;
        words >> device >> std::hex >> destination >> gateway >> flags >> std::dec >> ignored >> ignored >> metric >>
            std::hex >> mask;
        if (!words || destination != 0 || mask != 0 || (flags & (kUp | kGateway)) != (kUp | kGateway) || metric >= best)
            continue;
        best = metric;
        std::array<std::uint8_t, 4> bytes{}; // the number is the bytes as they lie in memory
        const auto value = static_cast<std::uint32_t>(gateway);
        std::memcpy(bytes.data(), &value, bytes.size());
        found = jackfield::ice::IpAddress::from_bytes(bytes);
    }
    return found;
}

std::optional<jackfield::ice::IpAddress> default_gateway()
{
    return read_default_gateway(whole_text("/proc/thread-self/net/route"));
}

std::optional<jackfield::ice::IpAddress> read_default_gateway_v6(std::string_view routes, std::string_view interface)
{
    std::istringstream lines{std::string(routes)};
    std::string line;
    std::optional<jackfield::ice::IpAddress> found;
    unsigned long best = std::numeric_limits<unsigned long>::max();
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string ignored;
        std::string destination;
        std::string next_hop;
        std::string device;
        unsigned long bits = 0;
        unsigned long metric = 0;
        unsigned long flags = 0;
        words >> destination >> std::hex >> bits >> ignored >> ignored >> next_hop >> metric >> ignored >> ignored >>
            flags >> device;
        const auto gateway = words ? read_digits(next_hop) : std::nullopt;
        if (!gateway || bits != 0 || device != interface || (flags & (kUp | kGateway)) != (kUp | kGateway) ||
            metric >= best)
            continue;
        best = metric;
        found = gateway;
    }
    return found;
}

std::optional<jackfield::ice::IpAddress> default_gateway_v6(std::string_view interface)
{
    return read_default_gateway_v6(whole_text("/proc/thread-self/net/ipv6_route"), interface);
}

} // namespace shared_port_mapping
