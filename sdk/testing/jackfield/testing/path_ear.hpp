// Listens at one end of a path and remembers what came, in a way that a test can wait for.
//
// Threads: called on the path's thread, asked on the test's. Lifetime: longer than the path, or than its close.
#pragma once

#include <jackfield/path.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace jackfield::testing {

class PathEar final : public PathReceiver {
public:
    struct Heard {
        std::vector<Bytes> packets;
        std::vector<std::int64_t> arrivals_ns;
        std::size_t bytes = 0;
        int writable = 0;
        int closed = 0;
        Status status = JF_OK;
        std::string text;

        Bytes stream() const
        {
            Bytes all;
            for (const auto& packet : packets)
                all.insert(all.end(), packet.begin(), packet.end());
            return all;
        }
    };

    void received(const jf_packet& packet) noexcept override
    {
        const std::lock_guard lock(mutex_);
        heard_.packets.emplace_back(packet.bytes.data, packet.bytes.data + packet.bytes.size);
        heard_.arrivals_ns.push_back(packet.arrival_ns);
        heard_.bytes += packet.bytes.size;
        changed_.notify_all();
    }
    void writable() noexcept override
    {
        const std::lock_guard lock(mutex_);
        ++heard_.writable;
        changed_.notify_all();
    }
    void closed(Status status, std::string_view text) noexcept override
    {
        const std::lock_guard lock(mutex_);
        ++heard_.closed;
        heard_.status = status;
        heard_.text = text;
        changed_.notify_all();
    }

    /// False if the condition does not come to hold before the deadline: then the test failed.
    template <class Condition>
    bool wait(Condition condition, std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, deadline, [&] { return condition(heard_); });
    }
    bool wait_for_packets(std::size_t count)
    {
        return wait([count](const Heard& heard) { return heard.packets.size() >= count; });
    }

    Heard heard()
    {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    Heard heard_;
};

} // namespace jackfield::testing
