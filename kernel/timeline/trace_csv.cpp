// The timeline as CSV. See trace_csv.hpp.

#include "kernel/timeline/trace_csv.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

/// RFC 4180 section 2.6, 2.7: fields with commas, quotes or line ends stand in quotes, and quotes are doubled.
std::string field(const std::string& text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

std::string member(const nlohmann::json& detail, const char* key)
{
    const auto found = detail.is_object() ? detail.find(key) : detail.end();
    return found != detail.end() && found->is_string() ? field(found->get<std::string>()) : "";
}

} // namespace

std::string CsvTrace::head() const
{
    return "t_ms,t_ns,call,side,step,event,what,status,text,detail\n";
}

std::string CsvTrace::text(const TimelineEvent& event)
{
    const auto detail = nlohmann::json::parse(event.detail_json, nullptr, false);
    return fmt::format("{:.3f},{},{},{},{},{},{},{},{},{}\n", static_cast<double>(event.t_ns - origin_ns_) / 1e6,
                       event.t_ns, field(event.call), name_of(event.side), name_of(event.step), name_of(event.moment),
                       member(detail, "what"), member(detail, "status"), member(detail, "text"),
                       field(event.detail_json));
}

} // namespace jackfield::kernel
