// The guard as the configuration wants it. See find_plugins.hpp.

#include "kernel/config/find_plugins.hpp"

#include "kernel/registry/probe.hpp"

namespace jackfield::kernel {

Registry find_plugins(const std::vector<std::filesystem::path>& folders, const PluginSettings& settings)
{
    GuardSettings guard;
    guard.allowed = settings.allowed;
    if (settings.probe) {
        guard.probe = find_probe();
        guard.memory = LoadGuard::default_memory();
    }
    return Registry::scan(folders, std::make_shared<LoadGuard>(std::move(guard)));
}

} // namespace jackfield::kernel
