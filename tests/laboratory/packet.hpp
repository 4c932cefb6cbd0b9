// An IPv4 packet as a router sees it: where from, where to, and both rewritten with their checksums (RFC 3022 section
// 4.1).
//
// Threads: one at a time. Lifetime: a packet owns its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace laboratory {

/// An IPv4 address in the order of the host's bytes.
struct Address {
    std::uint32_t value = 0;

    /// Throws std::invalid_argument.
    static Address parse(const std::string& text);
    std::string text() const;
    bool is_multicast() const { return value >> 28U == 0xEU; }

    friend auto operator<=>(const Address&, const Address&) = default;
};

struct Place {
    Address address;
    std::uint16_t port = 0;

    std::string text() const { return address.text() + ":" + std::to_string(port); }

    friend auto operator<=>(const Place&, const Place&) = default;
};

enum class Protocol : std::uint8_t { tcp = 6, udp = 17 };

class Packet {
public:
    /// Nothing if it is no whole IPv4 packet of TCP or UDP, or a part of one: those go nowhere here.
    static std::optional<Packet> parse(std::span<const std::uint8_t> bytes);

    Protocol protocol() const { return static_cast<Protocol>(bytes_[9]); }
    Place source() const { return place(12, 0); }
    Place destination() const { return place(16, 2); }

    void set_source(const Place& source) { rewrite(12, 0, source); }
    void set_destination(const Place& destination) { rewrite(16, 2, destination); }

    /// False if it has been on its way for too long.
    bool hop();

    /// Of TCP; nothing is set for UDP.
    bool begins_connection() const { return protocol() == Protocol::tcp && (tcp_flags() & 0x12) == 0x02; }
    bool resets_connection() const { return protocol() == Protocol::tcp && (tcp_flags() & 0x04) != 0; }

    /// What it carries above TCP or UDP.
    std::span<const std::uint8_t> payload() const;

    const std::vector<std::uint8_t>& bytes() const { return bytes_; }

private:
    explicit Packet(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

    std::size_t header() const { return (bytes_[0] & 0x0FU) * 4U; }
    std::uint8_t tcp_flags() const { return bytes_[header() + 13]; }
    std::uint16_t word(std::size_t at) const;
    void set_word(std::size_t at, std::uint16_t value);
    Place place(std::size_t address_at, std::size_t port_at) const;
    void rewrite(std::size_t address_at, std::size_t port_at, const Place& place);
    void replace(std::size_t at, std::uint16_t value, bool in_ip_header);

    std::vector<std::uint8_t> bytes_;
};

/// What a firewall answers that refuses a packet: a whole ICMP packet to its sender (RFC 792), as from whom it was for.
std::vector<std::uint8_t> port_unreachable(const Packet& packet);

} // namespace laboratory
