// Bytes of a stream between two processes, none of which may be lost: how many may be under way, and those that a path
// does not take yet. The same on both sides.
//
// Threads:  any.

#pragma once

#include <jackfield/abi/path.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace jackfield::kernel::isolate {

/// How many bytes may be under way, from whoever sends to a path that took them.
class Credit {
public:
    static constexpr std::uint64_t kMost = 512 * 1024; // one send may go beyond

    /// False if too many are under way: refund says when there are fewer.
    bool spend(std::size_t size)
    {
        if (under_way_.load() >= kMost) {
            wanted_ = true;
            if (under_way_.load() >= kMost)
                return false;
            wanted_ = false; // some were taken meanwhile
        }
        under_way_ += size;
        return true;
    }

    /// So many were taken. True if somebody waits for that: said once.
    bool refund(std::uint64_t size)
    {
        std::uint64_t before = under_way_.load();
        while (!under_way_.compare_exchange_weak(before, before - std::min(before, size))) {
        }
        return under_way_.load() < kMost && wanted_.exchange(false);
    }

private:
    std::atomic<std::uint64_t> under_way_{0};
    std::atomic<bool> wanted_{false};
};

/// What a path has not taken yet.
class Backlog {
public:
    /// Behind what waits already. How many bytes the path took now; it says `writable` if it did not take all.
    std::size_t send(const jf_path& path, jf_bytes bytes)
    {
        const std::lock_guard lock(mutex_);
        pieces_.emplace_back(reinterpret_cast<const char*>(bytes.data), bytes.size);
        size_ += bytes.size;
        return send_waiting(path);
    }

    /// The path says that it takes more.
    std::size_t send_on(const jf_path& path)
    {
        const std::lock_guard lock(mutex_);
        return send_waiting(path);
    }

    std::size_t size() const
    {
        const std::lock_guard lock(mutex_);
        return size_;
    }

private:
    std::size_t send_waiting(const jf_path& path)
    {
        std::size_t taken = 0;
        while (!pieces_.empty()) {
            const std::string& piece = pieces_.front();
            const jf_bytes part{reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()};
            if (path.methods->send(path.self, &part, 1) == JF_WOULD_BLOCK)
                break; // a path that has ended takes all, for nobody
            taken += piece.size();
            pieces_.pop_front();
        }
        size_ -= taken;
        return taken;
    }

    mutable std::mutex mutex_;
    std::deque<std::string> pieces_;
    std::size_t size_ = 0;
};

} // namespace jackfield::kernel::isolate
