// The stages of our sound. See audio_stages.hpp.

#include "kernel/media/audio_stages.hpp"

#include "kernel/bind/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

AudioStages::AudioStages(const Board& board, std::uint32_t sample_rate_hz, std::uint32_t channels)
{
    const std::string form = nlohmann::json{{"sample_rate_hz", sample_rate_hz}, {"channels", channels}}.dump();
    for (const auto& plug : board.audio_stages) {
        ErrorSlot error;
        jf_audio_stage_session session{};
        const jf_status status = plug.methods->open(plug.self, abi_text(form), &session, &error);
        if (status != JF_OK)
            close();
        require(status, error, plug.plugin_id);
        sessions_.push_back(session);
    }
}

AudioStages::~AudioStages()
{
    close();
}

void AudioStages::close()
{
    for (const auto& session : std::exchange(sessions_, {}))
        session.methods->release(session.self);
}

const jf_frame& AudioStages::process(const jf_frame& frame)
{
    const std::size_t count = std::size_t{frame.samples_per_channel} * frame.channels;
    if (samples_.size() < count)
        samples_.resize(count); // once: frames of a source have one length
    std::copy_n(frame.samples, count, samples_.begin());
    frame_ = frame;
    frame_.struct_size = sizeof(frame_);
    frame_.samples = samples_.data();
    for (const auto& session : sessions_)
        session.methods->process(session.self, &frame_, samples_.data()); // one that cannot leaves it as it is
    return frame_;
}

void AudioStages::played(const jf_frame& frame)
{
    for (const auto& session : sessions_)
        session.methods->played(session.self, &frame);
}

} // namespace jackfield::kernel
