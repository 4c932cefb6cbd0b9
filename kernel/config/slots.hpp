// The slots of a configuration, in the order in which a call needs them.
//
// Threads: constant data, any thread.

#pragma once

#include <span>
#include <string_view>

namespace jackfield::kernel {

struct Slot {
    std::string_view name;         // as in the configuration
    std::string_view interface_id; // what a plugin in it must implement
    std::string_view steps;        // of the life of a call, for people
    bool list;                     // several plugins may fill it
    bool required;                 // no call without it
    std::string_view when_empty;   // what its absence means, for people
};

std::span<const Slot> all_slots();

/// nullptr if there is none of that name.
const Slot* find_slot(std::string_view name);

} // namespace jackfield::kernel
