// Microphones and loudspeakers by PulseAudio, or by PipeWire, which speaks its protocol: two sockets in one library.
//
// Threads:  methods on control, devices on a worker; libpulse has a thread for each instance.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "microphone.hpp"
#include "pulse_loop.hpp"
#include "speaker.hpp"

#include <jackfield/device_name.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace {

using namespace media_pulse;
using jackfield::Failure;

bool is_of(std::string_view name, std::string_view kind)
{
    const auto device = jackfield::device_name(name);
    return device && device->kind == kind;
}

std::string devices_of(PulseLoop& loop, std::string_view kind)
{
    auto devices = loop.wait().devices;
    std::erase_if(devices, [&](const Device& device) { return device.kind != kind; });
    return jackfield::devices::to_json(devices);
}

/// The id of the device that the name means; empty for the default one. Throws Failure if there is none.
std::string wanted(PulseLoop& loop, std::string_view name, std::string_view kind)
{
    const auto device = jackfield::device_name(name);
    if (!device || device->kind != kind)
        throw Failure(JF_NOT_FOUND,
                      "media-pulse has no \"" + std::string(name) + "\"; \"" + std::string(kind) + ":\" would work");
    const auto server = loop.wait();
    if (std::ranges::none_of(server.devices, [&](const Device& one) { return one.kind == kind; }))
        throw Failure(JF_NOT_FOUND, "the sound server has no " + std::string(kind));
    return device->device.empty() ? "" : jackfield::devices::find_device(server.devices, kind, device->device).id;
}

class PulseSource final : public jackfield::DeviceSource {
public:
    PulseSource(jackfield::Host host, std::string_view config_json)
        : DeviceSource(host), loop_(host, read_options(config_json))
    {}

    bool accepts(std::string_view name) const noexcept override { return is_of(name, "microphone"); }
    std::string devices() override { return devices_of(loop_, "microphone"); }

    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view,
                                                   jackfield::SourceListener listener) override
    {
        return std::make_unique<Microphone>(host_, loop_, wanted(loop_, name, "microphone"), listener);
    }

private:
    PulseLoop loop_;
};

class PulseSink final : public jackfield::DeviceSink {
public:
    PulseSink(jackfield::Host host, std::string_view config_json)
        : DeviceSink(host), loop_(host, read_options(config_json))
    {}

    bool accepts(std::string_view name) const noexcept override { return is_of(name, "speaker"); }
    std::string devices() override { return devices_of(loop_, "speaker"); }

    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view options_json) override
    {
        const auto what = nlohmann::json::parse(options_json, nullptr, /*allow_exceptions=*/false);
        if (!what.is_object())
            throw Failure(JF_BAD_INPUT, "the options are no JSON object");
        if (what.value("own_audio", false) || what.value("own_video", false))
            throw Failure(JF_UNSUPPORTED, "a speaker plays what arrives; what we send is kept by a recording");
        return std::make_unique<Speaker>(host_, loop_, wanted(loop_, name, "speaker"));
    }

private:
    PulseLoop loop_;
};

} // namespace

JF_PLUGIN(PulseSource, PulseSink)
