// Devices of ALSA. See pcm.hpp.

#include "pcm.hpp"

#include <jackfield/basic.hpp>

#include <cstdlib>
#include <cstring>

namespace media_alsa {

using jackfield::Failure;

namespace {

snd_pcm_stream_t stream_of(Direction direction)
{
    return direction == Direction::record ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK;
}

const char* kind_of(Direction direction)
{
    return direction == Direction::record ? "microphone" : "speaker";
}

/// Of a hint; empty if it says nothing of that.
std::string text_of(const void* hint, const char* key)
{
    const std::unique_ptr<char, decltype(&std::free)> text(snd_device_name_get_hint(hint, key), std::free);
    return text != nullptr ? text.get() : "";
}

jackfield::Status status_of(int error)
{
    switch (error) {
    case -ENOENT:
    case -ENODEV:
    case -ENXIO:
        return JF_NOT_FOUND;
    case -EACCES:
    case -EPERM:
        return JF_REFUSED;
    case -EBUSY:
    case -EAGAIN:
        return JF_BUSY;
    default:
        return JF_INTERNAL;
    }
}

} // namespace

std::vector<jackfield::devices::Device> list_devices(Direction direction)
{
    std::vector<jackfield::devices::Device> devices;
    void** hints = nullptr;
    if (snd_device_name_hint(-1, "pcm", &hints) < 0)
        return devices;
    for (void** hint = hints; *hint != nullptr; ++hint) {
        const std::string way = text_of(*hint, "IOID"); // empty: both ways
        if (!way.empty() && (way == "Input") != (direction == Direction::record))
            continue;
        std::string description = text_of(*hint, "DESC");
        for (auto& letter : description)
            letter = letter == '\n' ? ' ' : letter;
        const std::string name = text_of(*hint, "NAME");
        devices.push_back({kind_of(direction), name, description, name == "default", "unknown"});
    }
    snd_device_name_free_hint(hints);
    return devices;
}

Pcm open_pcm(const std::string& device, Direction direction)
{
    snd_pcm_t* pcm = nullptr;
    if (const int error = snd_pcm_open(&pcm, device.c_str(), stream_of(direction), SND_PCM_NONBLOCK); error < 0)
        throw Failure(status_of(error),
                      std::string(kind_of(direction)) + " \"" + device + "\": " + snd_strerror(error));
    return Pcm(pcm);
}

void give_form(snd_pcm_t& pcm, const std::string& device, const Form& form)
{
    snd_pcm_hw_params_t* hardware = nullptr;
    snd_pcm_hw_params_alloca(&hardware);
    const auto require = [&](int error, const char* what) {
        if (error < 0)
            throw Failure(JF_UNSUPPORTED, "\"" + device + "\" has no " + what + " (" + snd_strerror(error) +
                                              "); the same with plug in front would, as in plughw:0");
    };
    snd_pcm_uframes_t buffer = form.rate_hz * form.latency_ms / 1000;
    snd_pcm_uframes_t period = buffer / 2;
    require(snd_pcm_hw_params_any(&pcm, hardware), "form at all");
    require(snd_pcm_hw_params_set_access(&pcm, hardware, SND_PCM_ACCESS_RW_INTERLEAVED), "interleaved channels");
    require(snd_pcm_hw_params_set_format(&pcm, hardware, SND_PCM_FORMAT_FLOAT_LE), "floating-point samples");
    require(snd_pcm_hw_params_set_channels(&pcm, hardware, form.channels), "such number of channels");
    require(snd_pcm_hw_params_set_rate(&pcm, hardware, form.rate_hz, 0), "such sample rate");
    require(snd_pcm_hw_params_set_period_size_near(&pcm, hardware, &period, nullptr), "short period");
    require(snd_pcm_hw_params_set_buffer_size_near(&pcm, hardware, &buffer), "short buffer");
    require(snd_pcm_hw_params(&pcm, hardware), "form like this");

    snd_pcm_sw_params_t* software = nullptr;
    snd_pcm_sw_params_alloca(&software);
    require(snd_pcm_sw_params_current(&pcm, software), "settings");
    require(snd_pcm_sw_params_set_avail_min(&pcm, software, period), "wake-up for a period");
    require(snd_pcm_sw_params_set_start_threshold(&pcm, software, buffer - period), "start of its own");
    require(snd_pcm_sw_params(&pcm, software), "settings like these");
}

} // namespace media_alsa
