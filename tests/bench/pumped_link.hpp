// A link in memory that moves when it is told to: what both ends cost is then the work of one thread, and nothing of it
// is waiting. And the clock for that.
//
// Threads: one.
#pragma once

#include <jackfield/path.hpp>

#include <array>
#include <ctime>
#include <vector>

namespace jackfield::bench {

/// Processor time of this thread, in seconds.
inline double cpu_seconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

inline constexpr std::uint32_t kLargestDatagram = 65'000;

/// Two ends; what is sent waits until pump() hands it over. No thread, and no allocation once it is warm.
class PumpedLink {
public:
    explicit PumpedLink(std::uint32_t kind) : ends_{End(kind), End(kind)}
    {
        ends_[0].peer = &ends_[1];
        ends_[1].peer = &ends_[0];
    }

    Path path(std::size_t end) { return Path(ends_[end].handle()); }

    /// False if nothing was on its way.
    bool pump() { return ends_[0].pump() || ends_[1].pump(); }

private:
    struct End final : PathBase {
        explicit End(std::uint32_t path_kind) : kind(path_kind) {}
        jf_path_info describe() const noexcept override
        {
            const bool stream = kind == JF_STREAM;
            return {sizeof(jf_path_info), kind, stream ? JF_STREAM_SEND_MAX : kLargestDatagram, 0, stream ? 1U : 0U, 0};
        }
        void open(jf_path_receiver above) override { receiver = above; }
        Status send(std::span<const jf_bytes> parts) noexcept override
        {
            if (used == queue.size())
                queue.emplace_back();
            Bytes& packet = queue[used++];
            packet.clear();
            for (const auto& part : parts)
                packet.insert(packet.end(), part.data, part.data + part.size);
            return JF_OK;
        }
        void close() noexcept override { receiver = {nullptr, nullptr}; }

        bool pump()
        {
            if (used == 0)
                return false;
            work.swap(queue);
            const std::size_t count = std::exchange(used, 0);
            for (std::size_t i = 0; i < count && peer->receiver.methods != nullptr; ++i) {
                const jf_packet packet = make_packet(work[i], 1);
                peer->receiver.methods->received(peer->receiver.self, &packet);
            }
            return true;
        }

        std::uint32_t kind;
        End* peer = nullptr;
        jf_path_receiver receiver{nullptr, nullptr};
        std::vector<Bytes> queue, work;
        std::size_t used = 0;
    };

    std::array<End, 2> ends_;
};

struct Counter final : PathReceiver {
    void received(const jf_packet& packet) noexcept override { bytes += packet.bytes.size; }
    void closed(Status, std::string_view) noexcept override {}
    std::size_t bytes = 0;
};

} // namespace jackfield::bench
