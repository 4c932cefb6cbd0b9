// The four parts as text. See report.hpp.

#include "kernel/config/report.hpp"

#include <fmt/format.h>

namespace jackfield::kernel {

Report::Report(std::string_view file, std::string_view pointer, std::string_view problem)
    : text_(pointer.empty() ? fmt::format("{}: {}", file, problem) : fmt::format("{}: {}: {}", file, pointer, problem))
{}

Report& Report::line(std::string_view word, std::string_view text)
{
    if (!text.empty())
        text_ += fmt::format("\n  {:<9}  {}", word, text);
    return *this;
}

} // namespace jackfield::kernel
