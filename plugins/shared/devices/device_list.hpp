// What devices there are, as the methods `devices` of sources and sinks say it
// (kernel/abi/schemas/devices.schema.json), and which of them a person means.
//
// Threads: plain values, one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jackfield::devices {

struct Device {
    std::string kind;        ///< "microphone"
    std::string id;          ///< as the system calls it; the name to open is "microphone:" and this
    std::string description; ///< for people
    bool is_default = false;
    std::string state; ///< "idle", "in use", "unplugged" or "unknown"
};

std::string to_json(const std::vector<Device>& devices);

/// The one of that kind that is called so, or else the only one with that in its id or description, capitals or not.
/// Throws Failure(JF_NOT_FOUND) with those that there are.
const Device& find_device(const std::vector<Device>& devices, std::string_view kind, std::string_view wanted);

} // namespace jackfield::devices
