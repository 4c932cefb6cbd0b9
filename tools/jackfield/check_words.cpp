// What jackfield check prints. See check_words.hpp.

#include "tools/jackfield/check_words.hpp"

#include "tools/jackfield/output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::program {

namespace {

using OrderedJson = nlohmann::ordered_json;

struct ResultWord {
    CheckResult result;
    const char* word;
    const char* colour;
};

constexpr ResultWord kResults[] = {
    {CheckResult::passed, "passed", "\033[32m"},   {CheckResult::failed, "failed", "\033[31m"},
    {CheckResult::crashed, "crashed", "\033[31m"}, {CheckResult::timed_out, "timed out", "\033[31m"},
    {CheckResult::skipped, "skipped", "\033[2m"},
};

const ResultWord& words_of(CheckResult result)
{
    return *std::ranges::find(kResults, result, &ResultWord::result);
}

std::ptrdiff_t count_of(const CheckReport& report, CheckResult result)
{
    return std::ranges::count(report.outcomes, result, &CheckOutcome::result);
}

} // namespace

bool has_bad(const CheckReport& report)
{
    return std::ranges::any_of(report.outcomes, [](const CheckOutcome& outcome) { return is_bad(outcome.result); });
}

std::string outcome_lines(const CheckOutcome& outcome, bool colour)
{
    const auto& [result, word, paint] = words_of(outcome.result);
    std::string text =
        fmt::format("{}{:<9}{}  {:<11}  {} ({} ms)\n", colour ? paint : "", word, colour ? "\033[0m" : "",
                    outcome.test.rule, printable(outcome.test.name), outcome.took_ms);
    if (!outcome.seen.empty())
        text += fmt::format("           {}{}\n", is_bad(result) ? "seen  " : "", printable(outcome.seen));
    if (is_bad(result))
        text +=
            fmt::format("           rule  {}\n           do    {}\n", printable(outcome.must), printable(outcome.fix));
    return text;
}

std::string note_lines(const CheckNote& note)
{
    return fmt::format("note       {:<11}  {}\n           do    {}\n", note.rule, printable(note.seen), note.advice);
}

std::string check_summary(const CheckReport& report)
{
    std::string counts;
    for (const auto& [result, word, paint] : kResults)
        counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count_of(report, result), word);
    return fmt::format("{} in {:.1f} s, seed {}\n", counts, static_cast<double>(report.took_ms) / 1000,
                       report.request.seed);
}

std::string check_json(const CheckReport& report)
{
    OrderedJson summary;
    for (const auto& [result, word, paint] : kResults)
        summary[word] = count_of(report, result);
    OrderedJson tests = OrderedJson::array();
    for (const auto& outcome : report.outcomes)
        tests.push_back({{"rule", outcome.test.rule},
                         {"interface", outcome.test.interface_id},
                         {"test", outcome.test.name},
                         {"result", words_of(outcome.result).word},
                         {"took_ms", outcome.took_ms},
                         {"seen", outcome.seen},
                         {"must", outcome.must},
                         {"do", outcome.fix}});
    OrderedJson notes = OrderedJson::array();
    for (const auto& note : report.notes)
        notes.push_back({{"rule", note.rule}, {"seen", note.seen}, {"do", note.advice}});
    const OrderedJson document{{"verdict", has_bad(report) ? "failed" : "passed"},
                               {"library", report.request.library.string()},
                               {"manifest", report.request.manifest.string()},
                               {"seed", report.request.seed},
                               {"took_ms", report.took_ms},
                               {"summary", summary},
                               {"tests", tests},
                               {"notes", notes}};
    return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

} // namespace jackfield::program
