// What a fuzzer may give besides its entry: inputs that are nearly right, from which mutation gets deep.
//
// Threads: one. Lifetime: values.
#pragma once

#include <cstdint>
#include <vector>

namespace jackfield::fuzz {

/// Defined by every *_fuzz.cpp; may be empty.
std::vector<std::vector<std::uint8_t>> seeds();

} // namespace jackfield::fuzz
