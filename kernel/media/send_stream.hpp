// One stream on its way out: source -> encoder -> transport.
//
// Threads:  made and destroyed on control; `open` on a worker; `frame` on the source's thread for this kind, which has
//           stopped before.
// Lifetime: belongs to the call's media, and to the worker until its encoder is open; the transport session outlives
//           what is sent.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/media/audio_stages.hpp"
#include "kernel/media/negotiate.hpp"
#include "kernel/media/opening.hpp"
#include "kernel/media/rate_debt.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace jackfield::kernel {

class SendStream {
public:
    SendStream(const Board& board, const AgreedStream& agreed, const jf_source_info& source,
               std::function<void()> first_moved);
    SendStream(const SendStream&) = delete;
    SendStream& operator=(const SendStream&) = delete;
    ~SendStream();

    /// Opens the encoder, warm; takes as long as it takes. [worker] Once.
    void open();
    Opening& opening() { return opening_; }
    const Opening& opening() const { return opening_; }

    /// Where payloads go; before the first frame. Once: later calls say the same.
    void attach(jf_media_session session, std::uint32_t number)
    {
        const std::lock_guard lock(sending_);
        session_ = session;
        number_ = number;
    }

    /// Silence goes out instead of sound: the peer's clock and jitter buffer, and what is on the way, live on. [any]
    void mute(bool muted) { muted_.store(muted, std::memory_order_relaxed); }

    /// A packet of a telephone event, beside the sound (RFC 4733). `begun_ns` says when the event began. [control]
    void send_event(const std::array<std::uint8_t, 4>& event, std::int64_t begun_ns, bool first);
    bool sends_events() const { return agreed_.event_payload_type.has_value(); }
    int clock_rate_hz() const { return agreed_.codec.clock_rate_hz; }

    /// Frames go there as well, as they go to the encoder. Empty: to nobody else. [control]
    void write_to(jf_sink_session sink);

    /// Sound goes through them before it is encoded. Before the first frame. [control]
    void go_through(std::shared_ptr<AudioStages> stages) { stages_ = std::move(stages); }

    /// How the source shall deliver.
    jf_source_format format() const;

    void frame(const jf_frame& frame); // [media]
    void request_key_frame();          // [any] nothing before the encoder is open: it begins with one

    void set_loss(std::uint32_t percent); // [any] what the peer lost lately

    void set_bitrate(std::uint32_t bits_per_second); // [any] what the encoder is to make; before it is open: then

    /// When the first payload was handed to the transport; 0 before. [any]
    std::int64_t first_sent_ns() const { return first_sent_ns_.load(std::memory_order_relaxed); }

    /// Frames that were given to the encoder. [any]
    std::uint64_t frames() const { return frames_.load(std::memory_order_relaxed); }

    /// Pictures that were left out, because those before were larger than the rate allows. [any]
    std::uint64_t skipped() const { return skipped_.load(std::memory_order_relaxed); }

    /// Frames that the sink had no room for. [any]
    std::uint64_t unwritten() const { return unwritten_.load(std::memory_order_relaxed); }

private:
    void send(const jf_payload& payload);
    void keep(const jf_frame& frame);
    const jf_frame& silenced(const jf_frame& frame);

    const Plug<jf_codec_methods>& plug_;
    std::string config_;
    Opening opening_;
    std::mutex sending_; // payloads of sound and events come from two threads
    jf_media_session session_{};
    std::uint32_t number_ = 0;         // of the stream in that session
    std::uint32_t last_timestamp_ = 0; // of the sound, and when it was captured
    std::int64_t last_time_ns_ = 0;
    std::uint32_t event_timestamp_ = 0;
    std::atomic<bool> muted_{false};
    std::atomic<std::uint32_t> bitrate_bps_{0}; // 0: nobody has said
    std::shared_ptr<AudioStages> stages_;       // second owners: the call's media, the stream that comes in
    std::vector<float> silence_;                // [media] as long as the longest frame was
    jf_frame silent_frame_{};
    AgreedStream agreed_;
    jf_encoder encoder_{};
    std::mutex keeping_; // guards the next, for as long as it is read or set
    jf_sink_session sink_{};
    std::function<void()> first_moved_; // [media] once
    std::atomic<std::int64_t> first_sent_ns_{0};
    std::atomic<std::uint64_t> frames_{0};
    RateDebt debt_; // [media]
    std::atomic<std::uint64_t> skipped_{0};
    std::atomic<std::uint64_t> unwritten_{0};
};

} // namespace jackfield::kernel
