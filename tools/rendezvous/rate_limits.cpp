// How much one address may ask for. See rate_limits.hpp.
#include "tools/rendezvous/rate_limits.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace jackfield::rendezvous {

std::chrono::milliseconds RateLimits::ask(const std::string& address, Time now)
{
    const auto rate = static_cast<double>(limits_.requests_per_second);
    const double most = rate * static_cast<double>(limits_.burst);
    const auto refilled = [&](const Bucket& bucket) {
        return std::min(most, bucket.tokens + rate * std::chrono::duration<double>(now - bucket.filled).count());
    };
    const std::lock_guard lock(mutex_);
    auto found = buckets_.find(address);
    if (found == buckets_.end()) {
        if (buckets_.size() >= kMostAddresses)
            std::erase_if(buckets_, [&](const auto& one) { return refilled(one.second) >= most; });
        if (buckets_.size() >= kMostAddresses)
            return std::chrono::seconds(1); // so many addresses at work at once: newcomers wait
        found = buckets_.emplace(address, Bucket{most, now}).first;
    }
    Bucket& bucket = found->second;
    bucket.tokens = refilled(bucket);
    bucket.filled = now;
    if (bucket.tokens < 1)
        return std::chrono::milliseconds(
            static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) * 1000 / rate - 1e-3)));
    bucket.tokens -= 1;
    return std::chrono::milliseconds(0);
}

RateLimits::Seat::Seat(RateLimits& owner, std::string address) : owner_(owner), address_(std::move(address))
{
    const std::lock_guard lock(owner_.mutex_);
    std::size_t& of_address = owner_.seats_[address_];
    place_ = owner_.taken_seats_ >= owner_.limits_.connections      ? Place::server_is_full
             : of_address >= owner_.limits_.connections_per_address ? Place::address_has_too_many
                                                                    : Place::given;
    ++of_address;
    ++owner_.taken_seats_;
}

RateLimits::Seat::~Seat()
{
    const std::lock_guard lock(owner_.mutex_);
    const auto found = owner_.seats_.find(address_);
    if (--found->second == 0)
        owner_.seats_.erase(found);
    --owner_.taken_seats_;
}

std::size_t RateLimits::connections() const
{
    const std::lock_guard lock(mutex_);
    return taken_seats_;
}

std::string RateLimits::address_of(const std::string& numeric)
{
    std::array<std::uint8_t, 16> bytes{};
    if (inet_pton(AF_INET6, numeric.c_str(), bytes.data()) != 1)
        return numeric;
    static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; // RFC 4291 2.5.5.2
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin()))
        return inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
}

} // namespace jackfield::rendezvous
