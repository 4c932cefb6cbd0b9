// What was seen of the local network, and what it means.
//
// Threads: values, and a pure function.
#pragma once

#include <jackfield/diagnosis.hpp>

#include <string>
#include <vector>

namespace discovery_lan {

struct InterfaceFacts {
    std::string name; // empty: no interface has the address
    std::string address;
    std::string cannot_be_used = {}; // what the system says
    std::string cannot_send = {};    // the same of a datagram to the group
    bool heard_itself = false;
};

struct NeighbourFacts {
    std::string address;
    bool answered = false; // us; else it was only heard
    bool tcp = false;      // values come over it
};

struct LanFacts {
    std::uint16_t port = 0;
    std::string port_problem = {}; // what the system says of that port
    std::vector<InterfaceFacts> interfaces = {};
    std::vector<NeighbourFacts> neighbours = {};
};

std::vector<jackfield::Finding> findings_of(const LanFacts& facts);

} // namespace discovery_lan
