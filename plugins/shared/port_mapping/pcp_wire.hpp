// The datagrams of PCP (RFC 6887) and of its older sister NAT-PMP (RFC 6886), which share a port of the router. Read
// strictly: what is not exactly as the RFC says is none.
//
// Threads: values and pure functions.
#pragma once

#include "mapping.hpp"

#include <array>
#include <optional>

namespace shared_port_mapping {

inline constexpr std::uint16_t kPcpPort = 5351;          ///< of the router
inline constexpr std::uint16_t kAnnouncementPort = 5350; ///< of its clients, multicast to 224.0.0.1
inline constexpr std::size_t kMaxPcpBytes = 1100;        ///< RFC 6887 section 7

/// RFC 6887 section 7.4, those that something depends on; NAT-PMP's differ but for the first two.
enum class PcpResult : std::uint8_t { success = 0, unsupported_version = 1 };

using PcpNonce = std::array<std::uint8_t, 12>;

struct PcpMapAnswer {
    PcpNonce nonce{};
    std::uint8_t transport = 0;
    std::uint16_t internal_port = 0;
    Endpoint external; ///< IPv4 if the address is a mapped one (RFC 6887 section 5)
};

/// Any answer of a router that speaks PCP.
struct PcpAnswer {
    std::uint8_t version = 2; ///< what it speaks, if the result is unsupported_version
    std::uint8_t opcode = 0;
    std::uint8_t result = 0;
    std::uint32_t lifetime_s = 0; ///< of a mapping, or for how long the error will stay
    std::uint32_t epoch_s = 0;    ///< since the router knows its mappings
    std::optional<PcpMapAnswer> map;
};

inline constexpr std::uint8_t kPcpAnnounce = 0;
inline constexpr std::uint8_t kPcpMap = 1;

/// Asks nothing but whether PCP is spoken (RFC 6887 section 14.1).
Bytes write_pcp_announce(const IpAddress& client);

/// Of lifetime 0: takes the mapping back. The suggestion may be all zeros.
Bytes write_pcp_map(const IpAddress& client, const PcpNonce& nonce, const Wanted& wanted, const Endpoint& suggested,
                    std::uint32_t lifetime_s);

std::optional<PcpAnswer> read_pcp(ByteView datagram);

struct NatPmpAnswer {
    std::uint8_t opcode = 0; ///< without the bit of an answer: 0 address, 1 UDP, 2 TCP
    std::uint16_t result = 0;
    std::uint32_t epoch_s = 0;
    std::optional<IpAddress> external; ///< opcode 0
    std::uint16_t internal_port = 0;   ///< opcodes 1, 2
    std::uint16_t external_port = 0;
    std::uint32_t lifetime_s = 0;
};

Bytes write_nat_pmp_address();
Bytes write_nat_pmp_map(const Wanted& wanted, std::uint16_t suggested, std::uint32_t lifetime_s);
std::optional<NatPmpAnswer> read_nat_pmp(ByteView datagram);

/// The word of the RFC for a result that is not success.
std::string pcp_result_text(std::uint8_t result);
std::string nat_pmp_result_text(std::uint16_t result);

/// Whether a router has lost its mappings between two answers (RFC 6887 section 8.5).
class Epoch {
public:
    using Clock = std::chrono::steady_clock;

    /// True: it has.
    bool has_restarted(std::uint32_t epoch_s, Clock::time_point now);

private:
    bool known_ = false;
    std::uint32_t server_s_ = 0;
    Clock::time_point client_{};
};

} // namespace shared_port_mapping
