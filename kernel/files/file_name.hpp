// What a file that comes in may be called: whatever its sender says, it is one name in the download folder.
//
// Threads: plain functions, any thread.

#pragma once

#include <string>
#include <string_view>

namespace jackfield::kernel {

inline constexpr std::size_t kMaxFileNameBytes = 200; // leaves room for " (2)" in the 255 of a file system

/// The last part of a path, whichever way its slashes lean, without control characters and what is no UTF-8, not
/// hidden, cut to kMaxFileNameBytes before its extension. Empty if nothing is left.
std::string safe_file_name(std::string_view said);

/// "picture.jpg" as "picture (2).jpg".
std::string numbered_file_name(std::string_view name, int number);

} // namespace jackfield::kernel
