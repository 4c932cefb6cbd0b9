// Cameras and the screen as sources, "camera:" and "screen:".
//
// Threads:  methods on control, devices on a worker; each session has a thread of its own.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "session.hpp"

#include <jackfield/device_name.hpp>
#include <jackfield/plugin.hpp>

extern "C" {
#include <libavdevice/avdevice.h>
}

namespace {

using namespace media_capture;

class CaptureSource final : public jackfield::DeviceSource {
public:
    CaptureSource(jackfield::Host host, std::string_view config_json)
        : DeviceSource(host), options_(read_options(config_json))
    {
        av_log_set_level(AV_LOG_QUIET);
        avdevice_register_all();
    }

    bool accepts(std::string_view name) const noexcept override
    {
        const auto device = jackfield::device_name(name);
        return device && (device->kind == "camera" || device->kind == "screen");
    }

    /// A screen is looked at, to know its size. A camera is not: its light would go on while it rings.
    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view,
                                                   jackfield::SourceListener listener) override
    {
        const Wanted wanted = find(name, options_);
        jf_source_info info{};
        info.struct_size = sizeof(info);
        info.has_video = 1;
        info.width_px = static_cast<std::uint32_t>(options_.width_px);
        info.height_px = static_cast<std::uint32_t>(options_.height_px);
        info.frame_rate_millihertz = static_cast<std::uint32_t>(wanted.frame_rate()) * 1000;
        if (wanted.screen) {
            const Capture seen(wanted);
            info.width_px = static_cast<std::uint32_t>(seen.width());
            info.height_px = static_cast<std::uint32_t>(seen.height());
        }
        return std::make_unique<Session>(host_, wanted, info, listener);
    }

    std::string devices() override { return jackfield::devices::to_json(list_devices()); }

private:
    Options options_;
};

} // namespace

JF_PLUGIN(CaptureSource)
