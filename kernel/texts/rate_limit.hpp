// How much each account may send: a bucket of tokens each, filled by time.
//
// Threads:  [control].
// Lifetime: the inbox's. Accounts whose bucket is full again are forgotten, and those beyond kMostAccounts are refused.

#pragma once

#include "kernel/executor/step_clock.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

namespace jackfield::kernel {

class RateLimit {
public:
    static constexpr std::size_t kMostAccounts = 4096;

    RateLimit(int per_second, int burst) : per_second_(per_second), burst_(burst) {}

    /// Takes one of the account's tokens; false if there is none.
    bool take(const std::string& account)
    {
        if (!buckets_.contains(account) && buckets_.size() >= kMostAccounts) {
            std::erase_if(buckets_, [this](auto& entry) { return filled(entry.second) >= burst_; });
            if (buckets_.size() >= kMostAccounts)
                return false;
        }
        auto& bucket = buckets_.try_emplace(account, Bucket{static_cast<double>(burst_), now()}).first->second;
        bucket = {filled(bucket), now()};
        if (bucket.tokens < 1)
            return false;
        bucket.tokens -= 1;
        return true;
    }

    std::size_t accounts() const { return buckets_.size(); }

private:
    struct Bucket {
        double tokens;
        TimePoint at;
    };

    double filled(const Bucket& bucket) const
    {
        const std::chrono::duration<double> passed = now() - bucket.at;
        return std::min<double>(burst_, bucket.tokens + passed.count() * per_second_);
    }

    int per_second_;
    int burst_;
    std::map<std::string, Bucket> buckets_;
};

} // namespace jackfield::kernel
