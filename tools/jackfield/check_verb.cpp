// jackfield check: what is wrong with a plugin, for its author and for a script that guards it.
//
// Threads: the main thread. The plugin is never loaded into this process (check_run.hpp).

#include "kernel/registry/registry.hpp"
#include "tools/jackfield/check_words.hpp"
#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <random>

namespace jackfield::program {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestSuffix = ".plugin.json";
constexpr std::uint32_t kMaxLimitSeconds = 3600;

std::uint32_t number_option(const Arguments& arguments, const std::string& name, std::uint32_t least,
                            std::uint32_t most)
{
    const std::string text = arguments.get(name);
    std::uint32_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size() || number < least || number > most)
        throw UsageError(fmt::format("--{} {}: expected a number from {} to {}", name, printable(text), least, most));
    return number;
}

void require_file(const fs::path& file)
{
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored))
        throw Stop(kConfiguration, fmt::format("{}: no such file", file.string()));
}

/// FILE.so with its manifest beside it, or the other way round.
void find_files(const std::string& given, CheckRequest& request)
{
    const fs::path file = fs::absolute(given);
    require_file(file);
    if (!given.ends_with(kManifestSuffix)) {
        request.library = file;
        request.manifest = fs::path(file).replace_extension("").string() + std::string(kManifestSuffix);
        return;
    }
    request.manifest = file;
    const auto manifest = kernel::read_manifest(file);
    const auto stem = file.string().substr(0, file.string().size() - kManifestSuffix.size());
    request.library = manifest ? manifest->library_path() : fs::path(stem + ".so");
}

/// A configuration as it stands, so that a mistake in it is not taken for one of the plugin.
std::string json_option(const Arguments& arguments, const std::string& name)
{
    const std::string text = arguments.get(name);
    if (!nlohmann::json::parse(text, nullptr, false).is_object())
        throw UsageError(fmt::format("--{}: {} is no JSON object", name, printable(text)));
    return text;
}

/// Keys for those who need real ones: the plugin for them that lies beside this one, or where all are.
std::vector<std::string> usual_identity(const fs::path& plugin)
{
    auto folders = kernel::default_plugin_path();
    folders.insert(folders.begin(), plugin.parent_path());
    for (const auto& folder : folders) {
        const auto file = folder / "identity-memory.so";
        std::error_code ignored;
        if (file != plugin && fs::is_regular_file(file, ignored))
            return {"--identity", file.string()};
    }
    return {};
}

void look_around(const Arguments& arguments, CheckRequest& request)
{
    for (const char* name : {"environment", "identity", "peer"}) {
        if (!arguments.has(name))
            continue;
        const auto file = fs::absolute(arguments.get(name));
        require_file(file);
        request.around.insert(request.around.end(), {std::string("--") + name, file.string()});
    }
    for (const char* name : {"config", "identity-config"}) {
        if (arguments.has(name))
            request.around.insert(request.around.end(), {std::string("--") + name, json_option(arguments, name)});
    }
    if (!arguments.has("identity"))
        std::ranges::copy(usual_identity(request.library), std::back_inserter(request.around));
}

bool matches(const CheckTest& test, const std::string& pattern)
{
    const std::string inside = "*" + pattern + "*";
    return std::ranges::any_of(
        std::initializer_list<std::string>{test.rule, test.interface_id, test.name},
        [&](const std::string& text) { return fnmatch(inside.c_str(), text.c_str(), FNM_CASEFOLD) == 0; });
}

std::vector<CheckTest> chosen_tests(const Arguments& arguments, const CheckRequest& request)
{
    auto tests = check_tests(request);
    const std::string pattern = arguments.get("only");
    if (!pattern.empty())
        std::erase_if(tests, [&](const CheckTest& test) { return !matches(test, pattern); });
    if (tests.empty())
        throw UsageError(fmt::format("--only {}: no test for this plugin has such a rule, interface or name; --list "
                                     "shows what there is",
                                     printable(pattern)));
    return tests;
}

int list_tests(const std::vector<CheckTest>& tests)
{
    for (const auto& test : tests)
        put(stdout, fmt::format("{:<11}  {:<28}  {}\n", test.rule, test.interface_id, test.name));
    return kOk;
}

int run_check_verb(const Arguments& arguments)
{
    CheckReport report;
    auto& request = report.request;
    find_files(arguments.rest().front(), request);
    look_around(arguments, request);
    request.seed = arguments.has("seed") ? number_option(arguments, "seed", 0, UINT32_MAX) : std::random_device()();
    if (arguments.has("time-limit"))
        request.limit = std::chrono::seconds(number_option(arguments, "time-limit", 1, kMaxLimitSeconds));
    const bool json = arguments.has("json");
    const auto began = std::chrono::steady_clock::now();
    const auto take = [&](CheckOutcome outcome) {
        if (!json)
            put(stdout, outcome_lines(outcome, display_of(stdout).colour));
        report.outcomes.push_back(std::move(outcome));
    };
    auto manifest = check_manifest(request);
    const bool readable = !is_bad(manifest.result);
    if (arguments.has("list") && readable)
        return list_tests(chosen_tests(arguments, request));
    // Which tests are due says the manifest, so without one there are no others.
    const auto tests = readable ? chosen_tests(arguments, request) : std::vector<CheckTest>{};
    if (!readable || !arguments.has("only") || matches(manifest.test, arguments.get("only")))
        take(std::move(manifest));
    for (const auto& test : tests)
        take(run_check(test, request));
    if (readable && !arguments.has("only"))
        report.notes = unasked_needs(request, report.outcomes);
    for (const auto& note : report.notes) {
        if (!json)
            put(stdout, note_lines(note));
    }
    report.took_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count();
    put(stdout, json ? check_json(report) : check_summary(report));
    return has_bad(report) ? kProblems : kOk;
}

} // namespace

Verb check_verb()
{
    return {{"check",
             "FILE.so|MANIFEST",
             "Says what is wrong with a plugin: each rule of the contract in a process of its own, with a time limit.",
             {{"config", "JSON", "configuration of the plugin; {} unless told"},
              {"environment", "FILE",
               "what it needs around it: configurations, files, a server (sdk/conformance/README.md)"},
              {"identity", "FILE", "a plugin with real keys for those who need one; identity-memory unless told"},
              {"identity-config", "JSON", "its configuration"},
              {"peer", "FILE", "another plugin of the same interface for the other end"},
              {"only", "PATTERN", "only tests whose rule, interface or name has it; * and ? stand for anything"},
              {"list", "", "shows the tests and runs none"},
              {"seed", "NUMBER", "makes the same calls by chance as the run that printed it"},
              {"time-limit", "SECONDS", "for each test; 30 unless told"},
              {"json", "", "the same as one JSON object, for scripts"}},
             1,
             1},
            &run_check_verb};
}

} // namespace jackfield::program
