// Names of devices, as sources and sinks have them: "microphone:", "speaker:usb headset", "camera:/dev/video0".
//
// Threads: plain functions, any thread. Views borrow.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace jackfield {

/// The words in front of the colon. They are no beginnings of file names: such a file is reached as "./camera:x".
inline constexpr std::array<std::string_view, 5> kDeviceKinds{"microphone", "camera", "screen", "speaker", "window"};

struct DeviceName {
    std::string_view kind;   ///< one of kDeviceKinds
    std::string_view device; ///< as the plugin's list of devices has it; empty: the default one
};

/// Nothing if that is no name of a device.
constexpr std::optional<DeviceName> device_name(std::string_view name)
{
    for (const auto kind : kDeviceKinds) {
        if (name.size() > kind.size() && name[kind.size()] == ':' && name.substr(0, kind.size()) == kind)
            return DeviceName{kind, name.substr(kind.size() + 1)};
    }
    return std::nullopt;
}

} // namespace jackfield
