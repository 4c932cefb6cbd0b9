// See gateway.hpp.
#include "gateway.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

namespace shared_port_mapping {

namespace {

constexpr unsigned kUp = 1;      // RTF_UP
constexpr unsigned kGateway = 2; // RTF_GATEWAY

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
    std::ifstream file("/proc/thread-self/net/route"); // of this thread's network namespace
    return read_default_gateway(std::string(std::istreambuf_iterator<char>(file), {}));
}

} // namespace shared_port_mapping
