// A microphone of ALSA. See microphone.hpp.

#include "microphone.hpp"

namespace media_alsa {

using jackfield::Failure;

Microphone::Microphone(jackfield::Host host, std::string device, Options options, jackfield::SourceListener listener)
    : host_(host), device_(std::move(device)), options_(options), listener_(listener)
{
    open_pcm(device_, Direction::record); // whether there is one
}

Microphone::~Microphone()
{
    if (!thread_)
        return;
    thread_->stop();
    if (thread_->overruns() + framer_->silent_frames() > 0)
        host_.info("microphone: " + std::to_string(thread_->overruns()) + " overruns, " +
                   std::to_string(framer_->silent_frames()) + " frames of silence while no sound came");
}

jf_source_info Microphone::describe()
{
    jf_source_info info{};
    info.struct_size = sizeof(info);
    info.has_audio = 1;
    info.sample_rate_hz = 48'000;
    info.channels = 1;
    return info;
}

void Microphone::start(const jf_source_format& format)
{
    if (format.kind != JF_AUDIO)
        throw Failure(JF_BAD_INPUT, "a microphone has sound and nothing else");
    if (thread_)
        throw Failure(JF_BUSY, "the sound of this microphone comes already");
    framer_.emplace(host_, listener_, format);
    const Form form{framer_->rate_hz(), framer_->channels(), options_.latency_ms};
    samples_.resize(std::size_t{form.rate_hz} * form.latency_ms / 1000 * form.channels);
    thread_.emplace(
        host_, device_, Direction::record, form,
        PcmThread::Work{[this](snd_pcm_t& pcm, snd_pcm_uframes_t count) { return read(pcm, count); }, [] {}});
}

snd_pcm_sframes_t Microphone::read(snd_pcm_t& pcm, snd_pcm_uframes_t count)
{
    snd_pcm_sframes_t waiting = 0; // recorded and not yet read
    if (snd_pcm_delay(&pcm, &waiting) < 0)
        waiting = static_cast<snd_pcm_sframes_t>(count);
    const std::int64_t recorded_ns = host_.now_ns() - waiting * 1'000'000'000 / framer_->rate_hz();
    const snd_pcm_sframes_t got = snd_pcm_readi(&pcm, samples_.data(), count);
    if (got > 0)
        framer_->push({samples_.data(), static_cast<std::size_t>(got) * framer_->channels()}, recorded_ns);
    return got;
}

} // namespace media_alsa
