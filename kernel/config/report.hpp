// An error for people: place, problem, where we looked, what would work.
//
//   call.json: /slots/connectivity/use: no plugin "ice-libjuice"
//     searched   ./plugins (12 manifests)
//     available  ice-libnice 0.1.0   (jackfield.connectivity/1)
//
// Threads: plain values, any thread.

#pragma once

#include "kernel/error.hpp"

#include <string>
#include <string_view>

namespace jackfield::kernel {

class Report {
public:
    /// pointer is a JSON pointer, or empty if the file as a whole is meant.
    Report(std::string_view file, std::string_view pointer, std::string_view problem);

    /// One more line below; its word stands in a column of its own. Nothing if the text is empty.
    Report& line(std::string_view word, std::string_view text);

    Error error(jf_status status = JF_BAD_CONFIG) const { return {status, text_}; }
    [[noreturn]] void raise(jf_status status = JF_BAD_CONFIG) const { throw Failure(status, text_); }

private:
    std::string text_;
};

} // namespace jackfield::kernel
