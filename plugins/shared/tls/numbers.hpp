// Numbers with bounds out of a configuration.
//
// Threads: any.
#pragma once

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

namespace shared_tls {

/// Leaves `out` as it is if there is no such key. Throws jackfield::ConfigError.
inline void read_number(const nlohmann::json& config, const char* key, std::uint32_t lowest, std::uint32_t highest,
                        std::uint32_t& out)
{
    const auto found = config.find(key);
    if (found == config.end())
        return;
    if (!found->is_number_integer() || *found < lowest || *found > highest)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected a whole number from " +
                                     std::to_string(lowest) + " to " + std::to_string(highest));
    out = found->get<std::uint32_t>();
}

} // namespace shared_tls
