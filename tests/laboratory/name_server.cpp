// A DNS64 with one name. See name_server.hpp.

#include "name_server.hpp"

#include "nat64.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string_view>

namespace laboratory {

namespace {

constexpr std::size_t kHeader = 12; // RFC 1035 section 4.1.1
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28; // RFC 3596 section 2.1
constexpr std::string_view kName = "\x08ipv4only\x04"
                                   "arpa";
constexpr Address kAddresses[] = {{0xC00000AAU}, {0xC00000ABU}}; // 192.0.0.170 and 171 (RFC 7050 section 8.2)

/// The answer to one question; empty if it is none.
std::vector<std::uint8_t> answer_to(std::span<const std::uint8_t> query)
{
    const auto name_end = std::find(query.begin() + std::min(kHeader, query.size()), query.end(), 0);
    const auto length = static_cast<std::size_t>(name_end - query.begin());
    if (length + 5 > query.size() || query[5] != 1)
        return {};
    std::vector<std::uint8_t> answer(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(length) + 5);
    std::string name(answer.begin() + kHeader, answer.begin() + static_cast<std::ptrdiff_t>(length));
    std::ranges::transform(name, name.begin(), [](char letter) { return static_cast<char>(std::tolower(letter)); });
    const std::uint16_t type = static_cast<std::uint16_t>(answer[length + 1] << 8 | answer[length + 2]);
    const bool known = name == kName;
    answer[2] = 0x84;                // an answer, and of authority
    answer[3] = known ? 0x80 : 0x83; // recursion is there; no such name
    std::fill(answer.begin() + 6, answer.begin() + kHeader, 0);
    if (!known || (type != kTypeA && type != kTypeAaaa))
        return answer;
    for (const Address address : kAddresses) {
        const auto v6 = outside_v6(address);
        const std::span<const std::uint8_t> data =
            type == kTypeA ? std::span(v6).last(4) : std::span<const std::uint8_t>(v6);
        const std::uint8_t record[] = {0xC0, kHeader, 0, static_cast<std::uint8_t>(type), 0, 1, 0, 0, 0, 60, 0};
        answer.insert(answer.end(), std::begin(record), std::end(record));
        answer.push_back(static_cast<std::uint8_t>(data.size()));
        answer.insert(answer.end(), data.begin(), data.end());
        ++answer[7];
    }
    return answer;
}

} // namespace

NameServer::NameServer()
{
    std::string name = (std::filesystem::temp_directory_path() / "jackfield-resolver-XXXXXX").string();
    const int file = mkstemp(name.data());
    if (file < 0)
        throw std::runtime_error("laboratory: no file for the resolver");
    close(file);
    file_ = name;
    std::ofstream(file_) << "nameserver ::1\n";
    socket_ = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 place{};
    place.sin6_family = AF_INET6;
    place.sin6_addr = in6addr_loopback;
    place.sin6_port = htons(53);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) != 0)
        throw std::runtime_error("laboratory: no name server at ::1");
    thread_ = std::thread([this] { answer(); });
}

NameServer::~NameServer()
{
    shutdown(socket_, SHUT_RD); // which ends the wait
    thread_.join();
    close(socket_);
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

void NameServer::answer() const
{
    for (;;) {
        std::uint8_t query[512];
        sockaddr_in6 from{};
        socklen_t size = sizeof(from);
        const auto count = recvfrom(socket_, query, sizeof(query), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (count <= 0)
            return;
        const auto bytes = answer_to({query, static_cast<std::size_t>(count)});
        if (!bytes.empty())
            sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
    }
}

} // namespace laboratory
