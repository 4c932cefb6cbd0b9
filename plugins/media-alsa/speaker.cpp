// A loudspeaker of ALSA. See speaker.hpp.

#include "speaker.hpp"

#include <algorithm>

namespace media_alsa {

namespace {

constexpr unsigned kRateHz = 48'000;
constexpr unsigned kChannels = 2;

} // namespace

Speaker::Speaker(jackfield::Host host, std::string device, Options options)
    : SinkSession(host),
      queue_(kRateHz, kChannels, std::int64_t{options.latency_ms} * 1'000'000),
      samples_(std::size_t{kRateHz} * options.latency_ms / 1000 * kChannels)
{
    open_pcm(device, Direction::play); // whether there is one
    thread_.emplace(host, std::move(device), Direction::play, Form{kRateHz, kChannels, options.latency_ms},
                    PcmThread::Work{[this](snd_pcm_t& pcm, snd_pcm_uframes_t count) { return play(pcm, count); },
                                    [this] { queue_.clear(); }});
}

jackfield::Status Speaker::write(const jf_frame& frame) noexcept
{
    return frame.kind == JF_VIDEO ? JF_OK : queue_.write(frame);
}

void Speaker::finish(jackfield::Completion done)
{
    thread_->stop();
    host_.info("speaker: " + queue_.in_words() + ", " + std::to_string(thread_->overruns()) + " overruns");
    done.succeed();
}

snd_pcm_sframes_t Speaker::play(snd_pcm_t& pcm, snd_pcm_uframes_t count)
{
    snd_pcm_sframes_t ahead = 0; // written and not yet heard
    if (snd_pcm_delay(&pcm, &ahead) < 0)
        ahead = 0;
    const std::span<float> out(samples_.data(), std::min<std::size_t>(samples_.size(), count * kChannels));
    queue_.read(out, host_.now_ns() + std::max<snd_pcm_sframes_t>(0, ahead) * 1'000'000'000 / kRateHz);
    return snd_pcm_writei(&pcm, out.data(), out.size() / kChannels);
}

} // namespace media_alsa
