// What a node of a test has heard, a line each, in the order in which it came.
//
// Threads:  hear on any thread; the rest on the test's.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace scenarios {

class HeardLines {
public:
    void hear(std::string line)
    {
        const std::lock_guard lock(mutex_);
        heard_.push_back(std::move(line));
        changed_.notify_all();
    }

    /// Now or later, and after what was heard before: each line once.
    bool hears(const std::string& words)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
            for (; looked_at_ < heard_.size(); ++looked_at_) {
                if (heard_[looked_at_].find(words) != std::string::npos) {
                    ++looked_at_;
                    return true;
                }
            }
            return false;
        });
    }

    /// Now, later or before: for what may come in either order.
    bool ever_hears(const std::string& words)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
            return std::any_of(heard_.begin(), heard_.end(),
                               [&](const auto& line) { return line.find(words) != std::string::npos; });
        });
    }

    /// For a failure: all of it, without statistics.
    std::string all()
    {
        const std::lock_guard lock(mutex_);
        std::string text;
        for (const auto& line : heard_)
            text += line.find("statistics") == std::string::npos ? line + "\n" : "";
        return text;
    }

protected:
    std::mutex mutex_; // of everything that an end notes
    std::condition_variable changed_;

private:
    std::vector<std::string> heard_;
    std::size_t looked_at_ = 0;
};

} // namespace scenarios
