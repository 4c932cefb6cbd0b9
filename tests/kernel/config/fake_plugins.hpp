// Folders with manifests (and schemas) of plugins whose libraries do not exist: enough for everything that loads none.
//
// Threads: the test's.

#pragma once

#include "kernel/registry/registry.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace jackfield::test {

/// Writes the manifest of plugin `id` for "jackfield.<interface>/1"; a schema text, if given, beside it.
inline void write_plugin(const TemporaryFolder& folder, std::string_view id, std::string_view interface,
                         std::string_view schema = "", std::string_view more = "")
{
    std::string schema_member;
    if (!schema.empty()) {
        schema_member = fmt::format(R"("config_schema": "{}.schema.json", )", id);
        folder.write(fmt::format("{}.schema.json", id), schema);
    }
    folder.write(fmt::format("{}.plugin.json", id),
                 fmt::format(R"({{"manifest": 1, "id": "{0}", "version": "0.1.0", {2}{3}
                     "interfaces": ["jackfield.{1}/1"], "abi": "1.0", "library": "{0}.so"}})",
                             id, interface, schema_member, more));
}

/// One plugin for every slot without which there is no call.
inline void write_needed_plugins(const TemporaryFolder& folder)
{
    write_plugin(folder, "identity-x509", "identity");
    write_plugin(folder, "discovery-opendht", "discovery");
    write_plugin(folder, "ice-libnice", "connectivity");
    write_plugin(folder, "secure-openssl", "secure_channel");
    write_plugin(folder, "signaling-sip", "signaling");
}

inline kernel::Registry scan(const TemporaryFolder& folder)
{
    const std::vector<std::filesystem::path> folders{folder.path()};
    return kernel::Registry::scan(folders);
}

/// A configuration that names those plugins, without one of its slots, with others, with other top keys (each ends with
/// a comma).
inline std::string config_text(std::string_view without_slot = "", std::string_view more_slots = "",
                               std::string_view more = "")
{
    struct Line {
        const char* slot;
        const char* id;
    };
    constexpr Line kLines[] = {{"identity", "identity-x509"},
                               {"discovery", "discovery-opendht"},
                               {"connectivity", "ice-libnice"},
                               {"secure_channel", "secure-openssl"},
                               {"signaling", "signaling-sip"}};
    std::string slots;
    for (const auto& [slot, id] : kLines) {
        if (slot != without_slot)
            slots += fmt::format(R"(    "{}": {{ "use": "{}" }},)"
                                 "\n",
                                 slot, id);
    }
    slots += more_slots;
    if (slots.ends_with(",\n"))
        slots.resize(slots.size() - 2);
    return fmt::format(R"({{ "jackfield": 1, {}"slots": {{
{}
}} }})",
                       more, slots);
}

} // namespace jackfield::test
