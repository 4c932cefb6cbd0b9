// What strangers may have of the server. The README lists them; the command line changes those that it names.
//
// Threads:  values, fixed before the server starts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace jackfield::rendezvous {

/// What a client that is sent away may still send: it is read and thrown away, so that the client hears why.
inline constexpr std::size_t kMostDrained_bytes = std::size_t{1024} * 1024;

struct Limits {
    std::size_t value_bytes = std::size_t{64} * 1024;
    std::size_t values_per_key = 256;
    std::size_t bytes_per_key = std::size_t{1024} * 1024;
    std::size_t keys = 100'000;
    std::size_t total_bytes = std::size_t{256} * 1024 * 1024;
    std::chrono::seconds ttl{3600}; // the longest

    std::size_t connections = 1000;
    std::size_t connections_per_address = 64;
    std::size_t listens_per_connection = 300;
    std::size_t requests_per_second = 100; // of one address
    std::size_t burst = 4;                 // seconds of requests that an idle address has saved

    std::chrono::milliseconds request_time{10'000};      // a request, or a message, from its first byte to its last
    std::chrono::milliseconds answer_time{20'000};       // for the client to take what it asked for
    std::chrono::milliseconds silence{90'000};           // of a WebSocket; clients ping
    std::size_t outbox_bytes = std::size_t{1024} * 1024; // waiting for one listener
};

} // namespace jackfield::rendezvous
