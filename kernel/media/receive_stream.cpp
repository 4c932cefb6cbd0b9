// One stream on its way in. See receive_stream.hpp.

#include "kernel/media/receive_stream.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace jackfield::kernel {

namespace {

std::string decoder_config(const AgreedStream& agreed)
{
    return nlohmann::json{{"name", agreed.codec.name},
                          {"clock_rate_hz", agreed.codec.clock_rate_hz},
                          {"channels", agreed.codec.channels},
                          {"sample_rate_hz", agreed.codec.sample_rate_hz},
                          {"parameters", agreed.parameters}}
        .dump();
}

} // namespace

ReceiveStream::ReceiveStream(const Board& board, const AgreedStream& agreed, jf_sink_session sink,
                             std::function<void()> first_moved, PlayThread& shared)
    : plug_(board.codecs[agreed.codec.plug]),
      config_(decoder_config(agreed)),
      sink_(sink),
      event_payload_type_(agreed.event_payload_type),
      digits_(agreed.codec.clock_rate_hz),
      receives_(agreed.direction.receive),
      first_moved_(std::move(first_moved)),
      thread_(agreed.kind == MediaKind::audio ? shared : own_thread_)
{}

void ReceiveStream::open()
{
    if (!receives_)
        return opening_.finish({JF_OK, ""});
    const jf_frame_sink frames{
        this, [](void* self, const jf_frame* frame) { static_cast<ReceiveStream*>(self)->decoded(*frame); }};
    ErrorSlot error;
    const jf_status status = plug_.methods->open_decoder(plug_.self, abi_text(config_), frames, &decoder_, &error);
    opening_.finish({status, status == JF_OK ? "" : plug_.plugin_id + ": " + error.error(status).text});
}

ReceiveStream::~ReceiveStream()
{
    stop();
    if (decoder_.methods != nullptr)
        decoder_.methods->release(decoder_.self);
}

void ReceiveStream::attach(jf_media_session session, std::uint32_t number, bool ticks)
{
    if (session_.self != session.self) { // once: its own thread reads it from then on
        session_ = session;
        number_ = number;
    }
    if (ticks_.exchange(ticks) != ticks && running_) {
        start();
        wake();
    }
}

void ReceiveStream::turn(bool receives)
{
    if (receives_.exchange(receives) == receives)
        return;
    arrivals_.pause();
    if (running_)
        start();
    wake();
    if (receives)
        session_.methods->request_key_frame(session_.self, number_);
}

void ReceiveStream::start()
{
    running_ = true;
    if ((receives_ || ticks_) && !stopped_ && !std::exchange(playing_, true))
        thread_.add(*this);
}

void ReceiveStream::stop()
{
    stopped_ = true;
    if (std::exchange(playing_, false))
        thread_.remove(*this);
}

void ReceiveStream::arrived()
{
    arrivals_.note();
    wake();
}

void ReceiveStream::wake()
{
    thread_.wake(*this);
}

void ReceiveStream::tick_now()
{
    if (!ticks_)
        return;
    tick_wanted_ = true;
    wake();
}

std::int64_t ReceiveStream::play(std::int64_t now_ns)
{
    constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
    const bool wanted = tick_wanted_.exchange(false);
    if (!ticks_)
        next_tick_ns_ = kNever;
    else if (wanted || next_tick_ns_ == kNever || now_ns >= next_tick_ns_)
        next_tick_ns_ = session_.methods->tick(session_.self, now_ns);
    return std::min(next_tick_ns_, receives_ ? take_all(now_ns) : kNever);
}

std::int64_t ReceiveStream::take_all(std::int64_t now_ns)
{
    for (;;) {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        std::int64_t next_due_ns = std::numeric_limits<std::int64_t>::max();
        if (session_.methods->take(session_.self, number_, now_ns, &payload, &next_due_ns) != JF_OK)
            return next_due_ns;
        play_ns_ = payload.time_ns;
        if (event_payload_type_ == payload.payload_type) {
            if (digits_.read(payload))
                first_moved_(); // something to look at
            continue;
        }
        if (decoder_.methods->decode(decoder_.self, &payload) == JF_WOULD_BLOCK)
            session_.methods->request_key_frame(session_.self, number_);
    }
}

void ReceiveStream::decoded(const jf_frame& frame)
{
    if (frames_.fetch_add(1, std::memory_order_relaxed) == 0) {
        first_play_ns_.store(play_ns_, std::memory_order_relaxed);
        first_frame_ns_.store(monotonic_ns(), std::memory_order_relaxed);
        first_moved_();
    }
    if (frame.kind == JF_VIDEO)
        picture_size_.store(std::uint64_t{frame.width_px} << 32 | frame.height_px, std::memory_order_relaxed);
    jf_frame timed = frame;
    timed.struct_size = sizeof(timed);
    if (timed.time_ns == 0)
        timed.time_ns = play_ns_;
    const std::uint32_t degrees = rotation_deg_.load(std::memory_order_relaxed);
    write(frame.kind == JF_VIDEO && degrees != 0 ? turner_.turned(timed, degrees) : timed);
}

void ReceiveStream::write(jf_frame frame)
{
    const std::lock_guard lock(writing_);
    if (stages_ && frame.kind == JF_AUDIO)
        stages_->played(frame);
    if (sink_.methods != nullptr && sink_.methods->write(sink_.self, &frame) != JF_OK)
        unwritten_.fetch_add(1, std::memory_order_relaxed);
}

void ReceiveStream::tell(std::shared_ptr<AudioStages> stages)
{
    const std::lock_guard lock(writing_);
    stages_ = std::move(stages);
}

void ReceiveStream::write_to(jf_sink_session sink)
{
    const std::lock_guard lock(writing_);
    sink_ = sink;
}

} // namespace jackfield::kernel
