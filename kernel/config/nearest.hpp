// "Did you mean ...": the known name that a mistyped one is nearest to.
//
// Threads: plain functions, any thread.

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace jackfield::kernel {

/// The nearest of the names by edits (insert, delete, replace, swap neighbours; case does not count). Empty if none is
/// near enough to be meant: more than a third of the letters differ.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> known);

/// "; did you mean "codec"?", or empty.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known);

} // namespace jackfield::kernel
