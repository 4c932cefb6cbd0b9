// The C words of the boundary as C++ ones, for the kernel's side.
//
// Threads: plain functions, any thread. Views borrow.

#pragma once

#include "kernel/error.hpp"

#include <jackfield/abi/types.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

inline jf_text abi_text(std::string_view text)
{
    return {text.data(), text.size()};
}

inline std::string_view view_of(jf_text text)
{
    return {text.data != nullptr ? text.data : "", text.size};
}

/// What a plugin said of a failure; never more than the boundary gives room for, should the end mark be missing.
inline Error error_of(jf_status status, const jf_error* error)
{
    if (error == nullptr || error->text[0] == '\0')
        return {status, status_word(status)};
    return {status, std::string(error->text, strnlen(error->text, sizeof(error->text)))};
}

/// An error for a plugin to fill.
struct ErrorSlot {
    jf_error raw{sizeof(jf_error), JF_OK, {}};

    jf_error* operator&() { return &raw; }

    Error error(jf_status status) const { return error_of(status, &raw); }
};

/// A writer that appends to a string.
inline jf_writer append_to(std::string& text)
{
    return {&text, [](void* self, const std::uint8_t* data, std::size_t size) {
                static_cast<std::string*>(self)->append(reinterpret_cast<const char*>(data), size);
            }};
}

/// Throws Failure if the call did not succeed. `place` begins the text: "connectivity".
inline void require(jf_status status, const ErrorSlot& slot, std::string_view place)
{
    if (status != JF_OK)
        throw Failure(status, std::string(place) + ": " + slot.error(status).text);
}

} // namespace jackfield::kernel
