// What jackfield doctor prints. See doctor_words.hpp.

#include "tools/jackfield/doctor_words.hpp"

#include "tools/jackfield/output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace jackfield::program {

namespace {

using kernel::Finding;
using kernel::Verdict;
using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kMostPairsShown = 12;

constexpr Verdict kVerdicts[] = {Verdict::problem, Verdict::note, Verdict::ok, Verdict::skipped};

const char* colour_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::problem:
        return "\033[31m";
    case Verdict::note:
        return "\033[33m";
    case Verdict::ok:
        return "\033[32m";
    case Verdict::skipped:
        return "\033[2m";
    }
    return "";
}

std::ptrdiff_t count_of(const Diagnosis& diagnosis, Verdict verdict)
{
    return std::ranges::count(diagnosis.findings, verdict, &Finding::verdict);
}

std::string counts(const Diagnosis& diagnosis)
{
    std::string text;
    for (const Verdict verdict : kVerdicts) {
        const auto count = count_of(diagnosis, verdict);
        const bool plural = count != 1 && (verdict == Verdict::problem || verdict == Verdict::note);
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, word(verdict), plural ? "s" : "");
    }
    return text;
}

const char* worst(const Diagnosis& diagnosis)
{
    if (has_problem(diagnosis))
        return word(Verdict::problem);
    return word(count_of(diagnosis, Verdict::note) != 0 ? Verdict::note : Verdict::ok);
}

/// "srflx 198.51.100.2:6000"
std::string end_of_pair(const nlohmann::json& row, const char* type, const char* place)
{
    return row.contains(place) ? row.value(type, "") + " " + row.value(place, "") : "-";
}

/// The result as somebody reads it who does not know the word.
std::string result_of_pair(const nlohmann::json& row)
{
    const std::string result = row.value("result", "");
    if (result == "heard")
        return "its checks come, ours get no answer";
    if (result == "connected")
        return "connects, checks get no answer";
    if (result == "works")
        return "works, another is better";
    if (result == "answered")
        return "answers, not confirmed yet";
    return row.contains("why") ? result + ": " + row.value("why", "") : result;
}

} // namespace

bool has_problem(const Diagnosis& diagnosis)
{
    return count_of(diagnosis, Verdict::problem) != 0;
}

std::string finding_line(const Finding& finding, bool colour)
{
    return fmt::format("{}{:<7}{}  {:<24}  {}\n", colour ? colour_of(finding.verdict) : "", word(finding.verdict),
                       colour ? "\033[0m" : "", printable(finding.check), printable(finding.sentence));
}

std::string pairs_table(const Finding& finding)
{
    const auto details = nlohmann::json::parse(finding.details_json, nullptr, false);
    if (!details.is_object() || !details.contains("pairs") || !details["pairs"].is_array() || details["pairs"].empty())
        return {};
    const auto& pairs = details["pairs"];
    const auto shown = std::min(pairs.size(), kMostPairsShown);
    std::vector<std::array<std::string, 4>> rows{{"", "ours", "the peer's", "result"}};
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& row = pairs[i];
        std::string ours = end_of_pair(row, "local_type", "local");
        if (row.contains("seen_as"))
            ours += ", seen as " + row.value("seen_as", "");
        rows.push_back(
            {row.value("transport", ""), ours, end_of_pair(row, "remote_type", "remote"), result_of_pair(row)});
    }
    std::array<std::size_t, 3> widths{};
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < widths.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows)
        text += fmt::format("         {:<{}}  {:<{}}  {:<{}}  {}\n", printable(row[0]), widths[0], printable(row[1]),
                            widths[1], printable(row[2]), widths[2], printable(row[3]));
    if (pairs.size() > shown)
        text += fmt::format("         and {} more; --json has them\n", pairs.size() - shown);
    return text;
}

std::string diagnosis_summary(const Diagnosis& diagnosis, double took_ms)
{
    std::string text;
    for (const Verdict verdict : {Verdict::problem, Verdict::note}) {
        for (const auto& finding : diagnosis.findings) {
            if (finding.verdict != verdict)
                continue;
            text += fmt::format("\n{} {} ({}): {}\n", word(verdict), printable(finding.check), printable(finding.by),
                                printable(finding.sentence));
            if (!finding.advice.empty())
                text += fmt::format("  to change: {}\n", printable(finding.advice));
        }
    }
    text += fmt::format("\n{}; {:.1f} s{}\n", counts(diagnosis), took_ms / 1000,
                        diagnosis.complete ? "" : "; broken off, there may be more");
    return text;
}

std::string diagnosis_json(const Diagnosis& diagnosis, double took_ms)
{
    OrderedJson findings = OrderedJson::array();
    for (const auto& finding : diagnosis.findings)
        findings.push_back({{"check", finding.check},
                            {"by", finding.by},
                            {"verdict", word(finding.verdict)},
                            {"sentence", finding.sentence},
                            {"advice", finding.advice},
                            {"details", OrderedJson::parse(finding.details_json, nullptr, false)}});
    OrderedJson summary;
    for (const Verdict verdict : kVerdicts)
        summary[word(verdict)] = count_of(diagnosis, verdict);
    return OrderedJson{{"verdict", worst(diagnosis)},
                       {"complete", diagnosis.complete},
                       {"took_ms", took_ms},
                       {"summary", summary},
                       {"findings", findings}}
               .dump(2, ' ', false, OrderedJson::error_handler_t::replace) +
           "\n";
}

} // namespace jackfield::program
