// One session of an isolated plugin whose work is done by calls on media threads: an encoder, a decoder, an audio
// stage.
//
//   open -> call* -> release
//
// It outlives the plugin's process: calls fail while there is none, and the session is opened again in the next one.
//
// Threads:  open on any; reopen and release on control; call on one media thread for each lane.
// Lifetime: whoever has the encoder, decoder or stage owns it; a reopening that is under way keeps nothing alive.

#pragma once

#include "kernel/isolate/supervisor.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace jackfield::kernel::isolate {

/// Memory of one lane: arguments take half of it. A frame of 3840 x 2160 pixels has 12 MiB; what nobody touches is not
/// there.
inline constexpr std::size_t kLaneBytes = 32 * 1024 * 1024;

class MediaSession : public std::enable_shared_from_this<MediaSession> {
public:
    /// `words` open it. `lanes`: how many calls may be under way at once.
    MediaSession(Supervisor& supervisor, std::uint32_t id, std::vector<std::byte> words, std::size_t lanes);

    /// On control it has less time.
    std::expected<void, Error> open(bool on_control);
    void reopen(const std::shared_ptr<HostedProcess>& process);
    void release();

    /// `put` packs the arguments, `take` looks at the results, which begin with the status that is returned. JF_CLOSED:
    /// there is no process now. JF_EXHAUSTED: the arguments are too large. [media]
    template <typename Put, typename Take>
    jf_status call(std::size_t lane_number, Put put, Take take)
    {
        auto& lane = *lanes_[lane_number];
        const std::lock_guard lock(lane.mutex); // control takes it only when the process is another
        if (lane.call == nullptr)
            return JF_CLOSED;
        Packer packer(lane.call->arguments());
        put(packer);
        if (!packer.fits())
            return JF_EXHAUSTED;
        const jf_status ran = lane.call->run(packer.size(), kWorkLimit);
        if (ran != JF_OK)
            return stopped(lane, ran);
        Unpacker unpacker(lane.call->results());
        const auto status = unpacker.take<std::int32_t>();
        take(unpacker);
        return unpacker.sound() && status <= JF_OK ? status : broke(lane);
    }

private:
    /// A frame that takes longer will never be ready.
    static constexpr std::chrono::seconds kWorkLimit{2};

    struct Lane {
        std::mutex mutex;
        std::unique_ptr<SharedCall> call; // of the process that there is
        std::shared_ptr<HostedProcess> process;
    };

    /// What belongs to one process.
    struct Seat {
        std::shared_ptr<HostedProcess> process;
        std::unique_ptr<SharedMemory> memory;
    };

    Seat seat_in(std::shared_ptr<HostedProcess> process) const;
    void sit_down(Seat seat);
    static jf_status stopped(Lane& lane, jf_status why);
    static jf_status broke(Lane& lane);

    Supervisor& supervisor_;
    const std::uint32_t id_;
    const std::vector<std::byte> words_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::mutex seat_mutex_; // taken before a lane's
    Seat seat_;
};

} // namespace jackfield::kernel::isolate
