// Frames on their way from the media threads to the one that writes them.
//
// A frame that finds no room is dropped and counted: a slow disk must not hold up the call. Memory is used again; it
// grows when more frames wait than ever before, or larger ones.
//
// Threads:  put on media threads, one per kind and side; take and give_back on the worker; close and abandon on
// control.
//           The lock is held for as long as it takes to move a pointer.
#pragma once

#include "options.hpp"

#include <jackfield/abi/frame.h>
#include <jackfield/basic.hpp>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace media_ffmpeg {

class FrameQueue {
public:
    /// A frame with its own memory.
    struct Slot {
        jf_frame frame{};
        Side side = Side::peer;
        std::unique_ptr<std::uint8_t[]> bytes;
        std::size_t capacity = 0;
    };

    struct Dropped {
        std::uint64_t sound = 0;
        std::uint64_t pictures = 0;
    };

    explicit FrameQueue(const OpenSink& what);
    FrameQueue(const FrameQueue&) = delete;
    FrameQueue& operator=(const FrameQueue&) = delete;

    /// JF_WOULD_BLOCK: no room. JF_CLOSED: after close. JF_BAD_INPUT: no frame that we could keep, or none of the kinds
    /// that were to come.
    jackfield::Status put(const jf_frame& frame, Side side) noexcept;

    /// Waits for the next frame. Null if it was closed and is empty, or was abandoned.
    Slot* take();
    void give_back(Slot* slot);

    void close();
    void abandon();
    bool abandoned() const;

    Dropped dropped() const;

    /// What may wait of each side: three seconds of sound, and pictures up to either limit.
    static constexpr std::size_t kAudioSlots = 150;
    static constexpr std::size_t kVideoSlots = 90;
    static constexpr std::size_t kMostVideoBytes = std::size_t{128} << 20U;

private:
    /// Frames of one kind and side have room of their own.
    struct Lane {
        bool comes = false;
        std::vector<Slot*> free; // the one used last is used first
        std::size_t video_bytes = 0;
        std::uint64_t dropped = 0;
    };

    static std::size_t slots_of(std::uint32_t kind) { return kind == JF_AUDIO ? kAudioSlots : kVideoSlots; }
    Lane& lane(std::uint32_t kind, Side side)
    {
        return lanes_[(kind == JF_AUDIO ? 0U : 1U) + (side == Side::peer ? 0U : 2U)];
    }
    static Slot* take_free(Lane& lane, const jf_frame& frame, std::size_t size);
    static void forget(Lane& lane, Slot& slot);

    std::vector<Slot> slots_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::array<Lane, 4> lanes_;
    std::vector<Slot*> ring_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool closed_ = false;
    bool abandoned_ = false;
};

} // namespace media_ffmpeg
