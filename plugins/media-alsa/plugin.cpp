// Microphones and loudspeakers by ALSA, for machines without a sound server: two sockets in one library.
//
// Threads:  methods on control, devices on a worker; each session has threads of its own.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "microphone.hpp"
#include "speaker.hpp"

#include <jackfield/device_name.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace {

using namespace media_alsa;
using jackfield::Failure;

bool is_of(std::string_view name, std::string_view kind)
{
    const auto device = jackfield::device_name(name);
    return device && device->kind == kind;
}

void swallow(const char*, int, const char*, int, const char*, ...)
{}

/// alsa-lib writes its errors to standard error unless it is told not to.
void be_quiet()
{
    snd_lib_error_set_handler(&swallow);
}

/// What ALSA calls it: as it stands, if ALSA knows that, or the one of its list that is meant. Throws Failure.
std::string wanted(std::string_view name, Direction direction)
{
    const std::string_view kind = direction == Direction::record ? "microphone" : "speaker";
    if (!is_of(name, kind))
        throw Failure(JF_NOT_FOUND,
                      "media-alsa has no \"" + std::string(name) + "\"; \"" + std::string(kind) + ":\" would work");
    const std::string device(jackfield::device_name(name)->device);
    if (device.empty())
        return "default";
    try {
        open_pcm(device, direction);
        return device;
    } catch (const Failure& failure) {
        if (failure.status() != JF_NOT_FOUND)
            throw;
        return jackfield::devices::find_device(list_devices(direction), kind, device).id;
    }
}

class AlsaSource final : public jackfield::DeviceSource {
public:
    AlsaSource(jackfield::Host host, std::string_view config_json)
        : DeviceSource(host), options_(read_options(config_json))
    {
        be_quiet();
    }

    bool accepts(std::string_view name) const noexcept override { return is_of(name, "microphone"); }
    std::string devices() override { return jackfield::devices::to_json(list_devices(Direction::record)); }

    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view,
                                                   jackfield::SourceListener listener) override
    {
        return std::make_unique<Microphone>(host_, wanted(name, Direction::record), options_, listener);
    }

private:
    Options options_;
};

class AlsaSink final : public jackfield::DeviceSink {
public:
    AlsaSink(jackfield::Host host, std::string_view config_json) : DeviceSink(host), options_(read_options(config_json))
    {
        be_quiet();
    }

    bool accepts(std::string_view name) const noexcept override { return is_of(name, "speaker"); }
    std::string devices() override { return jackfield::devices::to_json(list_devices(Direction::play)); }

    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view options_json) override
    {
        const auto what = nlohmann::json::parse(options_json, nullptr, /*allow_exceptions=*/false);
        if (!what.is_object())
            throw Failure(JF_BAD_INPUT, "the options are no JSON object");
        if (what.value("own_audio", false) || what.value("own_video", false))
            throw Failure(JF_UNSUPPORTED, "a speaker plays what arrives; what we send is kept by a recording");
        return std::make_unique<Speaker>(host_, wanted(name, Direction::play), options_);
    }

private:
    Options options_;
};

} // namespace

JF_PLUGIN(AlsaSource, AlsaSink)
