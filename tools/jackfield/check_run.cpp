// Runs the kit, distrustfully: it has a time limit, its words are bounded, and it may end in any way. See
// check_run.hpp.

#include "tools/jackfield/check_run.hpp"

#include "kernel/registry/registry.hpp"
#include "tools/jackfield/session.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace jackfield::program {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr std::size_t kMaxOutputBytes = 1 << 20;
constexpr auto kGuard = std::chrono::seconds(5); // beyond the limit of a test, for the kit to say that it is over
constexpr auto kListLimit = std::chrono::seconds(20);

constexpr const char* kKit = "jackfield-conformance";

/// Beside this program, or where Debian has programs that nobody calls by hand.
std::filesystem::path kit()
{
    std::error_code ignored;
    const auto here = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    const std::array places{here / kKit, here.parent_path() / "libexec/jackfield" / kKit};
    for (const auto& place : places) {
        if (access(place.c_str(), X_OK) == 0)
            return place;
    }
    throw Stop(kConfiguration, fmt::format("jackfield check: {} is missing, which has the tests\n"
                                           "  searched   {}, {}\n"
                                           "  would work to install it there; it is built with Jackfield",
                                           kKit, places[0].string(), places[1].string()));
}

/// A process group of its own, whose standard output we read.
class KitProcess {
public:
    explicit KitProcess(std::vector<std::string> words)
    {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0)
            throw Stop(kInternal, "no pipe for a child process");
        output_ = ends[0];
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        std::vector<char*> argv;
        for (auto& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        const int failed = posix_spawn(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        if (failed != 0)
            throw Stop(kInternal, words[0] + ": cannot be started");
    }
    KitProcess(const KitProcess&) = delete;
    KitProcess& operator=(const KitProcess&) = delete;
    ~KitProcess()
    {
        kill(-pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        close(output_);
    }

    /// What it says until it has closed its output, has said too much, or time is over.
    std::string output(Clock::time_point end) const
    {
        std::string text;
        pollfd waiting{output_, POLLIN, 0};
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
            if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) == 0)
                return text;
            std::array<char, 4096> piece;
            const ssize_t size = read(output_, piece.data(), piece.size());
            if (size <= 0 || text.size() > kMaxOutputBytes)
                return text;
            text.append(piece.data(), static_cast<std::size_t>(size));
        }
    }

private:
    pid_t pid_ = -1;
    int output_ = -1;
};

std::vector<std::string> words_for(const CheckRequest& request)
{
    std::vector<std::string> words{kit().string(), "--plugin", request.library.string()};
    words.insert(words.end(), request.around.begin(), request.around.end());
    return words;
}

CheckResult result_of(const std::string& word)
{
    static constexpr std::array words{"passed", "failed", "crashed", "timed out", "skipped"};
    const auto found = std::ranges::find(words, word);
    return found == words.end() ? CheckResult::crashed : static_cast<CheckResult>(found - words.begin());
}

CheckOutcome outcome_of(const CheckTest& test, const Json& line)
{
    CheckOutcome outcome{test,
                         result_of(line.value("result", "")),
                         line.value("seen", ""),
                         line.value("must", ""),
                         line.value("fix", ""),
                         line.value("ms", std::int64_t{0}),
                         line.value("asked", std::vector<std::string>())};
    outcome.test.rule = line.value("rule", test.rule);
    return outcome;
}

/// What two folders, or two names in one, would say of the same plugin.
std::string manifest_problem(const CheckRequest& request)
{
    const auto manifest = kernel::read_manifest(request.manifest);
    if (!manifest)
        return manifest.error().text;
    if (manifest->library != request.library.filename())
        return fmt::format("/library: names {}, but the library is {}", manifest->library,
                           request.library.filename().string());
    for (const auto& needed : manifest->needs) {
        if (manifest->implements(needed))
            return fmt::format("/needs: {} is what the plugin does itself, so it would wait for itself", needed);
    }
    const std::array folders{request.manifest.parent_path()};
    const auto registry = kernel::Registry::scan(folders);
    for (const auto& [file, reason] : registry.skipped()) {
        const auto other = kernel::read_manifest(file);
        const auto* const known = registry.find(manifest->id);
        if (other && other->id == manifest->id && known != nullptr)
            return fmt::format("/id: {} is the id of {} as well as of {}", manifest->id,
                               known->path.filename().string(), file.filename().string());
    }
    return {};
}

} // namespace

bool is_bad(CheckResult result)
{
    return result != CheckResult::passed && result != CheckResult::skipped;
}

CheckOutcome check_manifest(const CheckRequest& request)
{
    const auto problem = manifest_problem(request);
    CheckOutcome outcome{{"JF-GEN-02", "", "The kernel reads the manifest"}, CheckResult::passed, {}, {}, {}, 0, {}};
    if (problem.empty())
        return outcome;
    outcome.result = CheckResult::failed;
    outcome.seen = request.manifest.filename().string() + ": " + problem;
    outcome.must = "The manifest beside the library is one that the kernel reads, alone with its id, and needs nobody "
                   "who needs it.";
    outcome.fix = "Generate the manifest with jackfield_add_plugin, and give each plugin of a folder an id of its own.";
    return outcome;
}

std::vector<CheckNote> unasked_needs(const CheckRequest& request, const std::vector<CheckOutcome>& outcomes)
{
    const auto cut_short = [](const CheckOutcome& outcome) {
        return outcome.result == CheckResult::crashed || outcome.result == CheckResult::timed_out;
    };
    const auto manifest = kernel::read_manifest(request.manifest);
    if (!manifest || std::ranges::any_of(outcomes, cut_short))
        return {};
    std::vector<CheckNote> notes;
    for (const auto& needed : manifest->needs) {
        const auto asked = [&](const CheckOutcome& outcome) {
            return std::ranges::find(outcome.asked, needed) != outcome.asked.end();
        };
        if (std::ranges::none_of(outcomes, asked))
            notes.push_back({"JF-GEN-16",
                             fmt::format("{}: /needs: no test made the plugin ask for {}",
                                         request.manifest.filename().string(), needed),
                             "Leave it out if the plugin never asks; a node without that service is refused for it."});
    }
    return notes;
}

std::vector<CheckTest> check_tests(const CheckRequest& request)
{
    auto words = words_for(request);
    words.emplace_back("--list");
    const KitProcess process(std::move(words));
    const std::string text = process.output(Clock::now() + kListLimit);
    std::vector<CheckTest> tests;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        const auto first = line.find('\t');
        const auto second = line.find('\t', first + 1);
        if (first != std::string::npos && second != std::string::npos)
            tests.push_back(
                {line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)});
        at = end + 1;
    }
    return tests;
}

CheckOutcome run_check(const CheckTest& test, const CheckRequest& request)
{
    const auto began = Clock::now();
    // What must come is waited for a shorter time, so that a test that waits in vain can say so.
    const auto patience =
        std::min<std::chrono::milliseconds>(std::chrono::seconds(8), std::chrono::milliseconds(request.limit) / 2);
    auto words = words_for(request);
    for (const auto& [option, value] : {std::pair<const char*, std::string>{"--test", test.name},
                                        {"--rule", test.rule},
                                        {"--limit", std::to_string(request.limit.count())},
                                        {"--patience", std::to_string(patience.count())},
                                        {"--seed", std::to_string(request.seed)}})
        words.insert(words.end(), {option, value});
    if (!test.interface_id.empty())
        words.insert(words.end(), {"--interface", test.interface_id});
    words.emplace_back("--json");
    std::string text;
    {
        const KitProcess process(std::move(words));
        text = process.output(began + request.limit + kGuard);
    }
    const auto line = Json::parse(text.substr(0, text.find('\n')), nullptr, false);
    CheckOutcome outcome;
    if (line.is_object()) {
        outcome = outcome_of(test, line);
    } else {
        outcome = {test,
                   CheckResult::crashed,
                   "the plugin ended the process that watched it, or keeps it from its end",
                   "The process is the program's: a plugin does not end it.",
                   "Send no signals to processes that the plugin has not started.",
                   0,
                   {}};
        outcome.test.rule = "JF-GEN-13";
    }
    outcome.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
    return outcome;
}

} // namespace jackfield::program
