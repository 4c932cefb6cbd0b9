// One stream on its way out: source -> encoder -> transport.
//
// Threads:  made and destroyed on control; `frame` on the source's thread for this kind, which has stopped before.
// Lifetime: belongs to the call's media; the transport session outlives it.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/media/negotiate.hpp"

#include <atomic>
#include <cstdint>
#include <functional>

namespace jackfield::kernel {

class SendStream {
public:
    /// Opens the encoder, warm. Throws Failure.
    SendStream(const Board& board, const AgreedStream& agreed, const jf_source_info& source, std::uint32_t number,
               std::function<void()> first_moved);
    SendStream(const SendStream&) = delete;
    SendStream& operator=(const SendStream&) = delete;
    ~SendStream();

    /// Where payloads go; before the first frame.
    void attach(jf_media_session session) { session_ = session; }

    /// How the source shall deliver.
    jf_source_format format() const;

    void frame(const jf_frame& frame); // [media]
    void request_key_frame();          // [any]

    /// When the first payload was handed to the transport; 0 before. [any]
    std::int64_t first_sent_ns() const { return first_sent_ns_.load(std::memory_order_relaxed); }

private:
    jf_media_session session_{};
    std::uint32_t number_;
    AgreedStream agreed_;
    jf_encoder encoder_{};
    std::function<void()> first_moved_; // [media] once
    std::atomic<std::int64_t> first_sent_ns_{0};
};

} // namespace jackfield::kernel
