// What a person calls sources and sinks: files, "test", devices ("microphone:"), and several joined by + .
//
// Threads: plain functions, any thread.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

/// "microphone:", "camera:/dev/video0": one of the words that devices have in front, and a colon.
bool names_device(std::string_view name);

/// "microphone:+camera:" as its two parts. A + parts only beside the name of a device: other names may have one in
/// them. Nothing of an empty name.
std::vector<std::string> parts_of(std::string_view name);

} // namespace jackfield::kernel
