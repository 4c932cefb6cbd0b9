// A microphone, speaker, camera, screen or window that a plugin of the configuration can open.
//
// Threads: plain values.

#pragma once

#include "kernel/error.hpp"

#include <string>
#include <vector>

namespace jackfield::kernel {

/// As kernel/abi/schemas/devices.schema.json has it.
struct MediaDevice {
    std::string plugin_id;
    std::string name; // for MediaPlan::send or play
    std::string kind;
    std::string description;
    bool is_default = false;
    std::string state;
};

struct MediaDevices {
    std::vector<MediaDevice> devices;
    std::vector<Error> problems; // of plugins that could not say what they have
};

class Board;

/// Asks every source and sink that can say. [worker]
MediaDevices devices_of(const Board& board);

} // namespace jackfield::kernel
