// Every interface this kernel knows, with the methods a plugin must have: derived from the ABI headers by offsetof.
//
// Threads: constant data, any thread. A method after the comment "optional" in its header is not in this table.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace jackfield::kernel {

struct RequiredMethod {
    const char* name;
    std::size_t offset_bytes;
};

struct InterfaceRule {
    std::string_view id;
    std::size_t required_size_bytes; // of the method table: up to the end of the last required method
    std::span<const RequiredMethod> required;
};

/// nullptr for an interface of a later kernel: a plugin may have it beside the ones we know, and nobody will ask for
/// it.
const InterfaceRule* find_interface(std::string_view id);

} // namespace jackfield::kernel
