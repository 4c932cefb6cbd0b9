// A loudspeaker in a call. See speaker.hpp.

#include "speaker.hpp"

#include <algorithm>

namespace media_pulse {

namespace {

constexpr std::uint32_t kRateHz = 48'000;
constexpr std::uint32_t kChannels = 2;

} // namespace

Speaker::Speaker(jackfield::Host host, PulseLoop& loop, std::string wanted)
    : SinkSession(host),
      DeviceStream(host, loop, Direction::play, std::move(wanted), {kRateHz, kChannels}),
      queue_(kRateHz, kChannels, std::int64_t{loop.options().latency_ms} * 1'000'000)
{
    begin();
}

Speaker::~Speaker()
{
    stop();
}

jackfield::Status Speaker::write(const jf_frame& frame) noexcept
{
    return frame.kind == JF_VIDEO ? JF_OK : queue_.write(frame);
}

void Speaker::finish(jackfield::Completion done)
{
    stop();
    DeviceStream::host_.info("speaker: " + queue_.in_words());
    done.succeed();
}

void Speaker::stop()
{
    if (!std::exchange(stopped_, true))
        end();
}

/// Exactly what the server asks for: sound where it is due, silence where there is none.
void Speaker::data(pa_stream* stream, std::size_t bytes)
{
    std::int64_t ahead_ns = 0;
    const bool known = latency_ns(stream, ahead_ns);
    std::int64_t heard_ns = DeviceStream::host_.now_ns() + ahead_ns;
    while (bytes >= bytes_per_sample()) {
        void* memory = nullptr;
        std::size_t room = bytes;
        if (pa_stream_begin_write(stream, &memory, &room) < 0 || memory == nullptr)
            return;
        const std::size_t samples = std::min(room, bytes) / bytes_per_sample();
        const std::span<float> out(static_cast<float*>(memory), samples * kChannels);
        if (known)
            queue_.read(out, heard_ns);
        else
            std::ranges::fill(out, 0.0F); // the first few milliseconds
        if (pa_stream_write(stream, memory, samples * bytes_per_sample(), nullptr, 0, PA_SEEK_RELATIVE) < 0)
            return;
        bytes -= std::min(bytes, samples * bytes_per_sample());
        heard_ns += static_cast<std::int64_t>(samples) * 1'000'000'000 / kRateHz;
    }
}

void Speaker::interrupted()
{
    queue_.clear();
}

} // namespace media_pulse
