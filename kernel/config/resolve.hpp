// A configuration and the plugins that are there, put together: which plugin does which step, with which options.
//
// Threads:  plain functions, any thread. Loads nothing: only manifests and schemas are read.
// Lifetime: a Resolved owns all it says; only the slots point at the constant table of slots.hpp.

#pragma once

#include "kernel/config/config.hpp"
#include "kernel/error.hpp"
#include "kernel/registry/registry.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

struct ResolvedPlugin {
    const Slot* slot = nullptr;
    Manifest manifest;
    std::string config_json; // for create: satisfies the schema, paths resolved
    std::string pointer;     // "/slots/codec/0"
    std::vector<Seam> seams; // of a path decorator
    Carriage carriage;       // of a media transport
    bool isolate = false;
    std::vector<std::string> others; // "ice-direct 0.1.0": what could have filled the slot as well

    /// The text of a create that failed with JF_BAD_CONFIG, as a full place: "call.json: /slots/codec/0/config/...".
    std::string place_of(const Config& config, std::string_view create_text) const;
};

/// An optional plugin that is not there.
struct LeftOut {
    const Slot* slot = nullptr;
    std::string use;
    std::string pointer;
    std::string reason;
};

struct Resolved {
    Config config;
    std::vector<ResolvedPlugin> plugins; // in the order of Config::choices
    std::vector<LeftOut> left_out;
    std::vector<SearchedFolder> searched;

    /// nullptr if the slot is empty; the first one if it holds several.
    const ResolvedPlugin* plugin(std::string_view slot) const;
    std::vector<const ResolvedPlugin*> plugins_of(std::string_view slot) const;
};

/// Checks, in this order: every plugin is there and fits its slot, no required slot is empty, every option satisfies
/// its schema, every service a plugin needs has a plugin and none waits for itself, and all of them can make a call
/// together. The first difference is a JF_BAD_CONFIG of four parts.
std::expected<Resolved, Error> resolve(const Config& config, const Registry& registry);

/// "./plugins (12 manifests), /usr/lib/jackfield/plugins (no such folder)"
std::string searched_text(const std::vector<SearchedFolder>& folders);

} // namespace jackfield::kernel
