// One stream on its way in: transport -> decoder -> sink.
//
// Threads:  made, started and destroyed on control; `open` on a worker; one media thread takes, decodes and writes:
//           that of all sound, or one of its own for pictures. `wake` on any thread.
// Lifetime: belongs to the call's media, and to the worker until its decoder is open; transport session and sink
//           outlive its playing.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/media/arrivals.hpp"
#include "kernel/media/audio_stages.hpp"
#include "kernel/media/negotiate.hpp"
#include "kernel/media/opening.hpp"
#include "kernel/media/picture_turner.hpp"
#include "kernel/media/play_thread.hpp"
#include "kernel/media/telephone_event.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace jackfield::kernel {

class ReceiveStream final : private Player {
public:
    /// The sink may be empty. Sound plays on the thread that is shared; pictures, which take longer, on one of their
    /// own.
    ReceiveStream(const Board& board, const AgreedStream& agreed, jf_sink_session sink,
                  std::function<void()> first_moved, PlayThread& shared);
    ReceiveStream(const ReceiveStream&) = delete;
    ReceiveStream& operator=(const ReceiveStream&) = delete;
    ~ReceiveStream() override;

    /// Opens the decoder, if there is something to decode. [worker] Once.
    void open();
    Opening& opening() { return opening_; }
    const Opening& opening() const { return opening_; }

    /// Where payloads come from; before start. Later calls say the same, but for `ticks`: whether this stream drives
    /// the RTCP of its session, too.
    void attach(jf_media_session session, std::uint32_t number, bool ticks);

    /// Whether anything comes that is to be decoded; possible where there is a decoder. [control]
    void turn(bool receives);
    bool can_receive() const { return decoder_.methods != nullptr; }

    /// Pictures are turned clockwise by so much before they are written: 0, 90, 180, 270. [any]
    void rotate(std::uint32_t degrees) { rotation_deg_.store(degrees, std::memory_order_relaxed); }

    /// Where frames go from here on. [control]
    void write_to(jf_sink_session sink);

    /// Sound is told to them as it goes to the sink. [control]
    void tell(std::shared_ptr<AudioStages> stages);

    /// The digits that have come to an end since the last call. [control]
    std::vector<Digit> take_digits() { return digits_.take(); }

    /// The decoder is open. Idempotent.
    void start();

    /// Nothing plays any more. Idempotent.
    void stop();

    /// A packet has come. [media] Neither blocks nor allocates.
    void arrived();
    Arrivals& arrivals() { return arrivals_; }
    const Arrivals& arrivals() const { return arrivals_; }
    bool receives() const { return receives_; }

    /// The session wants to be ticked, if it is this stream that does so. [media] Neither blocks nor allocates.
    void tick_now();

    /// When the first frame came out of the decoder; 0 before. [any]
    std::int64_t first_frame_ns() const { return first_frame_ns_.load(std::memory_order_relaxed); }

    /// When that frame is to be played. [any]
    std::int64_t first_play_ns() const { return first_play_ns_.load(std::memory_order_relaxed); }

    /// Frames that came out of the decoder, and those of them that the sink had no room for. [any]
    std::uint64_t frames() const { return frames_.load(std::memory_order_relaxed); }
    std::uint64_t unwritten() const { return unwritten_.load(std::memory_order_relaxed); }

    /// Of the last picture that came out of the decoder: width above, height below 32 bits; 0 before. [any]
    std::uint64_t picture_size() const { return picture_size_.load(std::memory_order_relaxed); }

private:
    void wake();
    std::int64_t play(std::int64_t now_ns) override;
    std::int64_t take_all(std::int64_t now_ns);
    void decoded(const jf_frame& frame);
    void write(jf_frame frame);

    const Plug<jf_codec_methods>& plug_;
    std::string config_;
    Opening opening_;
    jf_media_session session_{};
    std::uint32_t number_ = 0; // of the stream in that session
    std::mutex writing_;       // guards the next two: they may be others from one frame to the next
    jf_sink_session sink_;
    std::shared_ptr<AudioStages> stages_; // second owners: the call's media, the stream that goes out
    PictureTurner turner_;                // [media]
    std::atomic<std::uint32_t> rotation_deg_{0};
    std::optional<int> event_payload_type_;
    DigitReader digits_;
    Arrivals arrivals_;
    std::atomic<bool> receives_;
    std::atomic<bool> ticks_{false};
    bool running_ = false;
    bool playing_ = false;
    bool stopped_ = false;
    std::int64_t next_tick_ns_ = 0; // [media]
    jf_decoder decoder_{};
    std::int64_t play_ns_ = 0;
    std::function<void()> first_moved_; // [media] once
    std::atomic<std::int64_t> first_frame_ns_{0};
    std::atomic<std::int64_t> first_play_ns_{0};
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> unwritten_{0};
    std::atomic<std::uint64_t> picture_size_{0};

    std::atomic<bool> tick_wanted_{false};
    PlayThread own_thread_; // last: it plays us
    PlayThread& thread_;
};

} // namespace jackfield::kernel
