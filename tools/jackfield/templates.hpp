// What `jackfield new` writes: the files of sdk/template, which are compiled into the program.
//
// Threads: constant data, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace jackfield::program {

struct TemplateFile {
    std::string_view path; // within sdk/template: "codec/plugin.cpp"
    std::string_view text;
};

/// Sorted by path.
std::span<const TemplateFile> template_files();

} // namespace jackfield::program
