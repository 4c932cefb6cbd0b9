// The options of one plugin, checked against its JSON schema before the plugin is loaded.
//
// Threads: plain functions, any thread.

#pragma once

#include "kernel/error.hpp"
#include "kernel/registry/manifest.hpp"

#include <expected>
#include <filesystem>
#include <string>

namespace jackfield::kernel {

/// Where options stand, for errors, and where their relative paths start.
struct OptionsPlace {
    std::string file;             // "call.json"
    std::string pointer;          // "/slots/connectivity/config"
    std::filesystem::path folder; // of the file
};

/// The options as the plugin gets them: strings whose schema says "format": "path" with ~ and relative paths resolved,
/// nothing else added or changed. Refuses what the schema refuses, and options of a plugin without a schema.
std::expected<std::string, Error> check_options(const std::string& options_json, const Manifest& manifest,
                                                const OptionsPlace& place);

} // namespace jackfield::kernel
