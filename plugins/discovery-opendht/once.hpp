// What counts once, though OpenDHT may say it twice.
//
// Threads: any, several at once.
#pragma once

#include "dht_node.hpp"

#include <opendht/infohash.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

namespace discovery_opendht {

/// The end of a put that may be overtaken by another: OpenDHT forgets the callback of a put that is cancelled.
class PutEnd {
public:
    explicit PutEnd(End end) : end_(std::move(end)) {}
    void operator()(jackfield::Status status, std::string_view why)
    {
        if (!over_.exchange(true))
            end_(status, why);
    }

private:
    End end_;
    std::atomic<bool> over_{false};
};

/// Of a listen that OpenDHT and we ask for, each value counts once.
class FirstOnly {
public:
    static constexpr std::size_t kMost = 64;

    bool first(std::uint64_t id, jackfield::ByteView data)
    {
        jackfield::Bytes both(data.begin(), data.end());
        for (unsigned shift = 0; shift < 64; shift += 8)
            both.push_back(static_cast<std::uint8_t>(id >> shift));
        const auto hash = dht::InfoHash::get(both.data(), both.size());
        const std::lock_guard lock(mutex_);
        if (std::ranges::find(seen_, hash) != seen_.end())
            return false;
        seen_.push_back(hash);
        if (seen_.size() > kMost)
            seen_.pop_front();
        return true;
    }

private:
    std::mutex mutex_;
    std::deque<dht::InfoHash> seen_;
};

} // namespace discovery_opendht
