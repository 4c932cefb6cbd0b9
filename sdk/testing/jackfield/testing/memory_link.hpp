// Two paths joined in memory: what one end sends the other receives, on the link's own thread. For tests of layers.
//
// Threads: each link has one thread that calls the receivers of both ends, as a real path would.
// Lifetime: the link owns both ends; close whatever was built upon them before it goes away.
#pragma once

#include <jackfield/path.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>

namespace jackfield::testing {

class MemoryLink {
public:
    /// Sees every packet on its way and may change it. end is the sender (0 or 1); false drops the packet.
    using Filter = std::function<bool(int end, Bytes& packet)>;

    explicit MemoryLink(std::uint32_t kind, std::uint32_t max_datagram_bytes = 1200, std::size_t queue_limit = 4096)
        : kind_(kind),
          max_bytes_(kind == JF_STREAM ? JF_STREAM_SEND_MAX : max_datagram_bytes),
          limit_(queue_limit),
          ends_{End(*this, 0), End(*this, 1)},
          thread_([this] { run(); })
    {}
    MemoryLink(const MemoryLink&) = delete;
    MemoryLink& operator=(const MemoryLink&) = delete;
    ~MemoryLink()
    {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

    Path path(int end) { return Path(ends_[end].handle()); }

    void set_filter(Filter filter)
    {
        const std::lock_guard lock(mutex_);
        filter_ = std::move(filter);
    }

    /// While held, packets pile up and, at the queue's limit, send answers JF_WOULD_BLOCK.
    void hold(bool held)
    {
        {
            const std::lock_guard lock(mutex_);
            held_ = held;
        }
        changed_.notify_all();
    }

    /// Both ends see the path end.
    void break_link(Status status, std::string_view text)
    {
        for (auto& end : ends_)
            end.gate.ended(status, text);
    }

private:
    struct End final : PathBase {
        End(MemoryLink& owner, int number) : link(owner), index(number) {}

        jf_path_info describe() const noexcept override
        {
            return {sizeof(jf_path_info), link.kind_, link.max_bytes_, 0, link.kind_ == JF_STREAM ? 1U : 0U, 0};
        }
        void open(jf_path_receiver receiver) override { gate.open(receiver); }
        Status send(std::span<const jf_bytes> parts) noexcept override { return link.send(index, parts); }
        void close() noexcept override
        {
            gate.shut();
            link.end_of(1 - index);
        }

        MemoryLink& link;
        int index;
        bool blocked = false; // a send was refused: the sender waits for writable
        ReceiverGate gate;
    };

    struct Item {
        int to;
        Bytes bytes;
        bool end;
    };

    Status send(int from, std::span<const jf_bytes> parts)
    {
        if (total_size(parts) > max_bytes_)
            return JF_BAD_INPUT;
        if (ends_[from].gate.over())
            return JF_CLOSED;
        Bytes packet;
        for (const auto& part : parts)
            packet.insert(packet.end(), part.data, part.data + part.size);
        {
            const std::lock_guard lock(mutex_);
            if (queue_.size() >= limit_) {
                if (kind_ == JF_DATAGRAM)
                    return JF_OK; // a full network drops
                ends_[from].blocked = true;
                return JF_WOULD_BLOCK;
            }
            if (filter_ && !filter_(from, packet))
                return JF_OK;
            queue_.push_back({1 - from, std::move(packet), false});
        }
        changed_.notify_all();
        return JF_OK;
    }

    void end_of(int to)
    {
        const std::lock_guard lock(mutex_);
        if (kind_ == JF_STREAM)
            queue_.push_back({to, {}, true});
        changed_.notify_all();
    }

    void run()
    {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [&] { return stop_ || (!held_ && !queue_.empty()); });
            if (stop_)
                return;
            Item item = std::move(queue_.front());
            queue_.pop_front();
            bool wake[2] = {false, false};
            if (queue_.size() < limit_) {
                for (int end = 0; end < 2; ++end)
                    wake[end] = std::exchange(ends_[end].blocked, false);
            }
            lock.unlock();
            for (int end = 0; end < 2; ++end) {
                if (wake[end])
                    ends_[end].gate.writable();
            }
            if (item.end)
                ends_[item.to].gate.ended(JF_CLOSED, "the other end closed");
            else
                ends_[item.to].gate.deliver(
                    make_packet(item.bytes, std::chrono::steady_clock::now().time_since_epoch().count()));
            lock.lock();
        }
    }

    std::uint32_t kind_;
    std::uint32_t max_bytes_;
    std::size_t limit_;
    End ends_[2];
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Item> queue_;
    Filter filter_;
    bool held_ = false;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace jackfield::testing
