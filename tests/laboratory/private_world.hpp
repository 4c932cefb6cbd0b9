// A private world for the programs of the laboratory: user, network and process namespaces of their own, without root.
//
// Whatever is started in it dies with it: the kernel ends every process of a process namespace with its first one, and
// that one goes with the program that was called. Nothing of the machine's network is seen or touched.
//
// Threads: the main thread, before there are others.
#pragma once

#include <string>

namespace laboratory {

/// Runs the rest of the program in a private world; the caller's process waits and ends with the same code, so this
/// returns in the inner one alone. Returns why not, if this kernel does not allow it: then nothing has changed.
std::string enter_private_world();

/// What enter_private_world returned, to whoever must skip a test because of it.
const std::string& why_no_world();

} // namespace laboratory
