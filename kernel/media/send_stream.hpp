// One stream on its way out: source -> encoder -> transport.
//
// Threads:  made and destroyed on control; `open` on a worker; `frame` on the source's thread for this kind, which has
//           stopped before.
// Lifetime: belongs to the call's media, and to the worker until its encoder is open; the transport session outlives
//           what is sent.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/media/negotiate.hpp"
#include "kernel/media/opening.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

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

    /// Where payloads go; before the first frame.
    void attach(jf_media_session session, std::uint32_t number)
    {
        session_ = session;
        number_ = number;
    }

    /// How the source shall deliver.
    jf_source_format format() const;

    void frame(const jf_frame& frame); // [media]
    void request_key_frame();          // [any] nothing before the encoder is open: it begins with one

    void set_loss(std::uint32_t percent); // [any] what the peer lost lately

    /// When the first payload was handed to the transport; 0 before. [any]
    std::int64_t first_sent_ns() const { return first_sent_ns_.load(std::memory_order_relaxed); }

    /// Frames that were given to the encoder. [any]
    std::uint64_t frames() const { return frames_.load(std::memory_order_relaxed); }

private:
    const Plug<jf_codec_methods>& plug_;
    std::string config_;
    Opening opening_;
    jf_media_session session_{};
    std::uint32_t number_ = 0; // of the stream in that session
    AgreedStream agreed_;
    jf_encoder encoder_{};
    std::function<void()> first_moved_; // [media] once
    std::atomic<std::int64_t> first_sent_ns_{0};
    std::atomic<std::uint64_t> frames_{0};
};

} // namespace jackfield::kernel
