// The option "suites" of the transports that speak SRTP.
//
// Threads: any.
#pragma once

#include "suites.hpp"

#include <nlohmann/json_fwd.hpp>

namespace jackfield::srtp {

/// All of them if the configuration names none. Throws ConfigError.
std::vector<const Suite*> read_suites(const nlohmann::json& config);

} // namespace jackfield::srtp
