// The plugins that a configuration can choose from, with a guard before each library that is loaded.
//
// Threads: as the registry's.

#pragma once

#include "kernel/config/config.hpp"
#include "kernel/registry/registry.hpp"

namespace jackfield::kernel {

Registry find_plugins(const std::vector<std::filesystem::path>& folders, const PluginSettings& settings);

inline Registry find_plugins(const Config& config)
{
    return find_plugins(config.plugin_path, config.plugins);
}

} // namespace jackfield::kernel
