// How much one address may ask for: requests a second, from a bucket that fills while it is quiet, and connections.
//
// Threads:  any.
// Lifetime: outlives the places it gave.
#pragma once

#include "tools/rendezvous/limits.hpp"

#include <map>
#include <mutex>
#include <string>

namespace jackfield::rendezvous {

class RateLimits {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kMostAddresses =
        16 * 1024; ///< remembered at once; of more, the full buckets are forgotten

    explicit RateLimits(const Limits& limits) : limits_(limits) {}

    /// Zero: go on. Otherwise: not before that time.
    std::chrono::milliseconds ask(const std::string& address, Time now = std::chrono::steady_clock::now());

    enum class Place { given, address_has_too_many, server_is_full };

    /// A connection's place, as long as it lasts.
    class Seat {
    public:
        Seat(RateLimits& owner, std::string address);
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat();
        Place place() const { return place_; }

    private:
        RateLimits& owner_;
        std::string address_;
        Place place_;
    };

    std::size_t connections() const;

    /// What counts as one address: an IPv4 address, the first 64 bits of an IPv6 address. Without its port.
    static std::string address_of(const std::string& numeric);

private:
    struct Bucket {
        double tokens;
        Time filled;
    };

    const Limits limits_;
    mutable std::mutex mutex_;
    std::map<std::string, Bucket> buckets_;
    std::map<std::string, std::size_t> seats_;
    std::size_t taken_seats_ = 0;
};

} // namespace jackfield::rendezvous
