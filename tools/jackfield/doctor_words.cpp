// What jackfield doctor prints. See doctor_words.hpp.

#include "tools/jackfield/doctor_words.hpp"

#include "tools/jackfield/output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::program {

namespace {

using kernel::Finding;
using kernel::Verdict;
using OrderedJson = nlohmann::ordered_json;

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
