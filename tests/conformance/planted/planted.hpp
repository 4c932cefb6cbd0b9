// Which bug this library has, if any; its name is the rule it breaks.
#pragma once

#include <jackfield/completion.hpp>

#include <nlohmann/json.hpp>

#include <cstring>

extern "C" const char planted_bug[];

namespace planted {

inline bool has(const char* rule)
{
    return std::strcmp(planted_bug, rule) == 0;
}

/// What every reference plugin does with its configuration.
inline void look_at(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected a JSON object");
    if (!config.contains("impossible"))
        return;
    if (has("JF-GEN-03"))
        throw jackfield::Failure(JF_BAD_CONFIG, "bad configuration");
    throw jackfield::ConfigError("/impossible: no such option; {} would work");
}

} // namespace planted

/// JF_PLUGIN for one class whose table may be another than the SDK's.
#define PLANTED_PLUGIN(Class, methods_table)                                                                           \
    namespace {                                                                                                        \
    using Made = ::jackfield::detail::FactoryOf<Class>;                                                                \
    const jf_factory factory{sizeof(jf_factory),      0,                                                               \
                             Made::factory.plugin_id, Made::factory.interface_id,                                      \
                             Made::factory.version,   &(methods_table),                                                \
                             &Made::create,           &Made::destroy};                                                 \
    const jf_factory* const factories[] = {&factory};                                                                  \
    }                                                                                                                  \
    extern "C" {                                                                                                       \
    extern JF_EXPORT const jf_entry jackfield_plugin;                                                                  \
    const jf_entry jackfield_plugin{sizeof(jf_entry), JF_ABI_MAJOR, JF_ABI_MINOR, 1, 0, factories};                    \
    }
