// What is said of a relay that does not take us, and what to change.
//
// Threads: any; pure functions.
#pragma once

#include "network_facts.hpp"

#include <nlohmann/json_fwd.hpp>

namespace jackfield::ice {

/// The relay itself said no (RFC 8656 section 19, RFC 8489 section 14.8). `name` is how it is called in the sentence.
Finding refusing_relay(const TurnFacts& one, std::string check, const std::string& name, nlohmann::json details);

/// It said nothing: how far we came.
Finding unreached_relay(const TurnFacts& one, std::string check, const std::string& name, nlohmann::json details);

} // namespace jackfield::ice
