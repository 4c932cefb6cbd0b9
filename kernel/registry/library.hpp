// Opens a plugin's library and finds its one symbol. The only place that knows Boost.DLL.
//
// Threads:  the control thread (or the main thread before there is one).
// Lifetime: a library stays open until the process ends. Thread-local destructors and the global state of GLib, OpenSSL
//           and others make closing one unsafe, so nobody closes one.

#pragma once

#include "kernel/error.hpp"

#include <jackfield/abi/entry.h>

#include <expected>
#include <filesystem>

namespace jackfield::kernel {

/// The entry lives as long as the process. Error texts hold the problem alone, without the path of the library.
/// JF_NOT_FOUND: the file or the symbol is missing. JF_REFUSED: it cannot be loaded, or the symbol is no data.
std::expected<const jf_entry*, Error> open_library(const std::filesystem::path& path);

} // namespace jackfield::kernel
