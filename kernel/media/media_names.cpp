// Names of sources and sinks. See media_names.hpp.

#include "kernel/media/media_names.hpp"

#include <algorithm>

namespace jackfield::kernel {

bool names_device(std::string_view name)
{
    // Also in <jackfield/device_name.hpp>, for plugins.
    static constexpr std::string_view kDeviceKinds[] = {"microphone:", "camera:", "screen:", "speaker:", "window:"};
    return std::ranges::any_of(kDeviceKinds, [&](std::string_view kind) { return name.starts_with(kind); });
}

std::vector<std::string> parts_of(std::string_view name)
{
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < name.size();) {
        const auto rest = name.substr(from);
        std::size_t end = rest.find('+');
        while (end != std::string_view::npos && !names_device(rest) && !names_device(rest.substr(end + 1)))
            end = rest.find('+', end + 1);
        parts.emplace_back(rest.substr(0, end));
        from = end == std::string_view::npos ? name.size() : from + end + 1;
    }
    return parts;
}

} // namespace jackfield::kernel
