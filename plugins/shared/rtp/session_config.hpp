// The configuration of one session (media-session.schema.json) as a checked struct.
//
// Threads: read on control when a session opens, constant afterwards.
#pragma once

#include "protection.hpp"

#include <bitset>

namespace jackfield::rtp {

struct StreamConfig {
    /// What the encoder can do, in bits of payload a second; max_bps 0: not known, so no controller looks at it.
    struct Rates {
        std::uint32_t min_bps = 0;
        std::uint32_t max_bps = 0;
        std::uint32_t start_bps = 0;
    };
    /// How lost packets are sent again (RFC 4588), with a source and a payload type of their own.
    struct Repair {
        std::uint8_t payload_type = 0;
        std::uint32_t ssrc = 0;
        std::optional<std::uint32_t> remote_ssrc; ///< if the peer announced it
    };

    bool video = false;
    bool sends = true;
    bool receives = true;
    std::uint8_t payload_type = 0;
    std::bitset<128> receive_payload_types;
    std::optional<std::uint8_t> event_payload_type; ///< telephone events, both ways
    bool ended = false;                             ///< keeps its place, and nothing else
    std::uint32_t clock_rate_hz = 0;
    std::uint32_t ssrc = 0;
    std::optional<std::uint32_t> remote_ssrc; ///< if the peer announced it
    std::size_t rtp_path = 0;
    std::size_t rtcp_path = 0;
    bool generic_nack = false;        ///< "nack" is agreed (RFC 4585)
    bool congestion_feedback = false; ///< "ack ccfb" is agreed (RFC 8888)
    bool picture_loss = false;        ///< "nack pli" is agreed
    bool full_intra_request = false;  ///< "ccm fir" is agreed
    bool authentic = false;           ///< without keys here, the path below has proved every packet; not read from JSON
    Rates rates;
    std::optional<Repair> repair;
    std::optional<Key> send_key;
    std::optional<Key> receive_key;
};

struct SessionConfig {
    std::string cname; ///< empty: the session makes one
    std::vector<StreamConfig> streams;
};

/// Throws ConfigError; ours are the suites that are allowed, and whether streams without keys are.
SessionConfig read_session_config(std::string_view json, const Suites& ours, std::size_t path_count);

} // namespace jackfield::rtp
