// Does the router map ports, by which protocol, and how long did it take: for whoever looks for what is wrong.
//
// Threads: the caller's, which waits. For programs, not for plugins.
#pragma once

#include "port_mapper.hpp"

namespace shared_port_mapping {

struct Trial {
    Protocol protocol = Protocol::pcp;
    Outcome outcome;
    std::chrono::milliseconds took{}; ///< from knowing nothing of the router to the mapping, or the refusal
};

/// A port is mapped by each of the protocols by itself, all at once, and taken back. In the order of preference; a
/// protocol that has not said anything within the limit is a refusal.
std::vector<Trial> try_protocols(const Settings& settings, std::chrono::milliseconds limit);

} // namespace shared_port_mapping
