// jackfield-conformance: the tests of the contract against one plugin, given as a file.
//
// Exit codes: 0 nothing failed, 1 something failed, 2 wrong arguments.
#include "run.hpp"

#include <nlohmann/json.hpp>

#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>

namespace {

using namespace jackfield::conformance;

constexpr const char* kUsage = R"(usage: jackfield-conformance --plugin FILE.so [options]
Runs the tests of sdk/CONTRACT.md against a plugin, each in a process of its own.

--plugin FILE          the plugin; its manifest lies beside it
--environment FILE     what it needs around it (sdk/conformance/README.md)
--config JSON          its configuration, instead of what the environment says
--peer FILE            another plugin of the same interface for the other end
--identity FILE        an identity plugin with real keys, for those who need one
--identity-config JSON its configuration
--interface ID         only tests of this interface
--rule NUMBER          only tests of this rule
--test NAME            only the test of this name
--list                 the tests, one a line: rule, interface, name, parted by tabs
--contract             the rules as Markdown
--json                 one JSON object a line instead of a table
--here                 in this process: for a debugger
--limit SECONDS        for each test (default 30)
--seed NUMBER          of the calls by chance (default 1)
--patience MS          how long something that must come is waited for (default 8000)
--help                 this
)";

struct Options {
    Request request;
    std::map<std::string, std::string> texts;
    bool flag(const char* name) const { return texts.contains(name); }
    std::string text(const std::string& name, const std::string& otherwise = {}) const
    {
        const auto found = texts.find(name);
        return found == texts.end() ? otherwise : found->second;
    }
};

std::optional<Options> parse(int count, char** words)
{
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word == "--list" || word == "--contract" || word == "--json" || word == "--here" || word == "--help") {
            options.texts[word] = "";
        } else if (word.starts_with("--") && i + 1 < count &&
                   std::string(kUsage).find("\n" + word + " ") != std::string::npos) {
            options.texts[word] = words[++i];
        } else {
            std::cerr << "jackfield-conformance: " << word << " is no option, or lacks its value\n\n" << kUsage;
            return std::nullopt;
        }
    }
    options.request = {options.text("--plugin"),
                       options.text("--peer"),
                       options.text("--config"),
                       options.text("--environment"),
                       options.text("--identity"),
                       options.text("--identity-config", "{}"),
                       std::chrono::milliseconds(std::atoi(options.text("--patience", "8000").c_str())),
                       static_cast<std::uint32_t>(std::strtoul(options.text("--seed", "1").c_str(), nullptr, 10))};
    return options;
}

std::vector<Test> chosen(const Options& options)
{
    const std::string plugin = options.request.plugin;
    std::vector<Test> tests = plugin.empty() ? all_tests() : tests_for(plugin);
    const auto drop_others = [&](const std::string& wanted, std::string Test::* member) {
        if (!wanted.empty())
            std::erase_if(tests, [&](const Test& test) { return test.*member != wanted; });
    };
    drop_others(options.text("--interface"), &Test::interface_id);
    drop_others(options.text("--rule"), &Test::rule);
    drop_others(options.text("--test"), &Test::name);
    return tests;
}

void print(const Test& test, const Outcome& outcome, const Options& options)
{
    const std::string& number = outcome.rule.empty() ? test.rule : outcome.rule;
    const Rule& rule = *find_rule(number);
    const bool bad = outcome.result != Result::passed && outcome.result != Result::skipped;
    if (options.flag("--json")) {
        nlohmann::ordered_json line{{"rule", number},
                                    {"interface", test.interface_id},
                                    {"test", test.name},
                                    {"result", name_of(outcome.result)},
                                    {"ms", outcome.took.count()}};
        if (!outcome.seen.empty())
            line["seen"] = outcome.seen;
        if (!outcome.asked.empty())
            line["asked"] = outcome.asked;
        if (bad) {
            line["must"] = rule.must;
            line["fix"] = rule.fix;
        }
        std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
        return;
    }
    std::printf("%-9s  %-11s  %s (%lld ms)\n", std::string(name_of(outcome.result)).c_str(), number.c_str(),
                test.name.c_str(), static_cast<long long>(outcome.took.count()));
    if (!outcome.seen.empty())
        std::printf("           %s%s\n", bad ? "seen: " : "", outcome.seen.c_str());
    if (bad)
        std::printf("           rule: %s\n           fix:  %s\n", std::string(rule.must).c_str(),
                    std::string(rule.fix).c_str());
    std::fflush(stdout);
}

int run(const Options& options)
{
    const std::chrono::seconds limit(std::max(1, std::atoi(options.text("--limit", "30").c_str())));
    const auto tests = chosen(options);
    if (tests.empty()) {
        std::cerr << "jackfield-conformance: no test of that name, rule or interface for " << options.request.plugin
                  << "; --list shows what there is\n";
        return 2;
    }
    std::map<Result, int> counts;
    for (const Test& test : tests) {
        const Outcome outcome = options.flag("--here")
                                    ? run_here(test, options.request)
                                    : run_alone(test, options.request, limit, options.flag("--json"));
        ++counts[outcome.result];
        print(test, outcome, options);
    }
    if (!options.flag("--json"))
        std::printf("%d passed, %d failed, %d crashed, %d timed out, %d skipped\n", counts[Result::passed],
                    counts[Result::failed], counts[Result::crashed], counts[Result::timed_out],
                    counts[Result::skipped]);
    const bool bad = counts[Result::failed] + counts[Result::crashed] + counts[Result::timed_out] > 0;
    return bad ? 1 : 0;
}

} // namespace

int main(int count, char** words)
{
    const auto options = parse(count, words);
    if (!options)
        return 2;
    if (options->flag("--help")) {
        std::cout << kUsage;
        return 0;
    }
    if (options->flag("--json"))
        ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a script reads us; once it is gone nobody does
    if (options->flag("--contract")) {
        std::cout << contract();
        return 0;
    }
    if (options->flag("--list")) {
        for (const Test& test : chosen(*options))
            std::cout << test.rule << '\t' << test.interface_id << '\t' << test.name << '\n';
        return 0;
    }
    if (options->request.plugin.empty()) {
        std::cerr << kUsage;
        return 2;
    }
    return run(*options);
}
