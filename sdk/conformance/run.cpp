// One test, one process. See run.hpp.
//
// Threads: the caller's; the child has what the plugin starts. Lifetime: the child is waited for.
#include "run.hpp"

#include "lists.hpp"
#include "process_watch.hpp"
#include "service_watch.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace jackfield::conformance {

namespace {

constexpr std::size_t kMaxReportBytes = 16 * 1024; // less than a pipe holds, so that the child never waits for us
constexpr std::size_t kMaxWordsBytes = 4 * 1024;

/// Exit code of a child that could not report: somebody has closed its pipe.
constexpr int kUnreported = 71;

/// Shared with the child; it ends with a zero.
constexpr std::size_t kMaxDoingBytes = 256;
char* what_is_done = nullptr;

std::string done_last()
{
    return what_is_done;
}

class Pipe {
public:
    Pipe()
    {
        if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0)
            throw Failure(JF_EXHAUSTED, "no pipe for the test");
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe()
    {
        ::close(ends_[0]);
        stop_writing();
    }
    int reading() const { return ends_[0]; }
    int writing() const { return ends_[1]; }
    void stop_writing() { ::close(std::exchange(ends_[1], -1)); }

    /// Takes what is there; of more than `most` the end stays. False if nothing will come any more.
    bool drain(std::string& text, std::size_t most) const
    {
        char piece[4096];
        for (;;) {
            const ssize_t size = ::read(ends_[0], piece, sizeof(piece));
            if (size <= 0)
                return size < 0;
            text.append(piece, static_cast<std::size_t>(size));
            text.erase(0, text.size() - std::min(text.size(), most));
        }
    }

private:
    int ends_[2] = {-1, -1};
};

std::string report_of(const Outcome& outcome)
{
    const nlohmann::json report{{"result", static_cast<int>(outcome.result)},
                                {"rule", outcome.rule},
                                {"seen", outcome.seen.substr(0, kMaxReportBytes / 8)},
                                {"asked", asked_services()}};
    return report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Nothing if the child has not come to the end of its test.
std::optional<Outcome> reported(const std::string& text)
{
    const auto report = nlohmann::json::parse(text, nullptr, false);
    if (!report.is_object())
        return std::nullopt;
    return Outcome{static_cast<Result>(report.value("result", static_cast<int>(Result::failed))),
                   report.value("seen", ""),
                   report.value("rule", ""),
                   {},
                   report.value("asked", std::vector<std::string>())};
}

void share_what_is_done()
{
    if (what_is_done == nullptr) {
        void* const page = ::mmap(nullptr, kMaxDoingBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            throw Failure(JF_EXHAUSTED, "no memory for the test");
        what_is_done = static_cast<char*>(page);
    }
    what_is_done[0] = '\0';
}

/// What a plugin must not take from others: memory without bounds, the disk for a core. When memory ends it goes first.
void bound_this_process()
{
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const rlimit memory{rlim_t{4} << 30, rlim_t{4} << 30};
    ::setrlimit(RLIMIT_DATA, &memory);
#endif
    std::ofstream("/proc/self/oom_score_adj") << 1000;
}

[[noreturn]] void be_the_child(const Test& test, const Request& request, const Pipe& report, const Pipe* words)
{
    bound_this_process();
    if (words != nullptr) {
        ::dup2(words->writing(), STDOUT_FILENO);
        ::dup2(words->writing(), STDERR_FILENO);
    }
    const std::string text = report_of(run_here(test, request));
    if (::write(report.writing(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        ::_exit(kUnreported);
    std::exit(0); // with what runs at the end of a process, for leaks are looked for there
}

/// Waits for the end of a process, reading what it says meanwhile. False if time is over before.
bool wait_for(int process, std::chrono::steady_clock::time_point end, const Pipe* words, std::string& said)
{
    pollfd waiting[] = {{process, POLLIN, 0}, {words == nullptr ? -1 : words->reading(), POLLIN, 0}};
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        if (left <= 0 || ::poll(waiting, 2, static_cast<int>(left)) == 0)
            return false;
        if (waiting[1].revents != 0 && !words->drain(said, kMaxWordsBytes))
            waiting[1].fd = -1;
        if (waiting[0].revents != 0)
            return true;
    }
}

/// What the child had started and not ended; it has come to us (PR_SET_CHILD_SUBREAPER).
void end_orphans()
{
    const std::string list = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
    for (int round = 0; round < 100; ++round) {
        std::ifstream children(list);
        bool any = false;
        for (pid_t child = 0; children >> child; any = true) {
            ::kill(child, SIGKILL);
            ::waitpid(child, nullptr, 0);
        }
        if (!any)
            return;
    }
}

/// The last line that somebody wrote before it ended, which is most often why.
std::string last_line(std::string said)
{
    while (!said.empty() && said.back() == '\n')
        said.pop_back();
    said.erase(0, said.rfind('\n') + 1);
    for (char& c : said)
        c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return said.empty() ? "" : "; its last words: " + said.substr(0, 200);
}

Outcome ended(int status, const std::optional<Outcome>& outcome, const std::string& said)
{
    const std::string doing_it = done_last().empty() ? "" : " in " + done_last();
    const std::string when = outcome ? ", at the end of the process" : doing_it;
    if (WIFSIGNALED(status))
        return {Result::crashed,
                std::string("ended by signal ") + strsignal(WTERMSIG(status)) + when + last_line(said),
                {},
                {}};
    const int code = WEXITSTATUS(status);
    if (outcome && (code == 0 || outcome->result == Result::failed))
        return *outcome;
    if (!outcome && code == kUnreported)
        return {Result::failed, "the plugin closed a descriptor that is not its own", "JF-GEN-13", {}};
    if (!outcome)
        return {Result::crashed,
                "the plugin ended the process" + when + ", with exit code " + std::to_string(code),
                "JF-GEN-13",
                {}};
    return {Result::crashed, "ended with exit code " + std::to_string(code) + when + last_line(said), {}, {}};
}

} // namespace

void doing(const std::string& what)
{
    if (what_is_done != nullptr)
        what_is_done[what.copy(what_is_done, kMaxDoingBytes - 1)] = '\0';
}

std::string_view name_of(Result result)
{
    switch (result) {
    case Result::passed:
        return "passed";
    case Result::failed:
        return "failed";
    case Result::crashed:
        return "crashed";
    case Result::timed_out:
        return "timed out";
    case Result::skipped:
        return "skipped";
    }
    return "";
}

Outcome run_here(const Test& test, const Request& request)
{
    try {
        const ProcessWatch watch;
        forget_services();
        {
            Bench bench(request);
            test.run(bench);
            bench.end_lives();
            bench.require_named_services();
        }
        watch.check();
        return {Result::passed, "", {}, {}};
    } catch (const Skipped& skipped) {
        return {Result::skipped, skipped.what(), {}, {}};
    } catch (const Broken& broken) {
        return {Result::failed, broken.what(), broken.rule(), {}};
    } catch (const Failure& failure) {
        return {Result::failed, "failed with " + status_name(failure.status()) + ": " + failure.what(), {}, {}};
    } catch (const nlohmann::json::exception& nonsense) { // ours: what it wrote is not what we read
        return {Result::failed, std::string("a document is not what it should be: ") + nonsense.what(), {}, {}};
    } catch (const std::exception& exception) {
        return {Result::failed, std::string("an exception came through: ") + exception.what(), "JF-GEN-04", {}};
    } catch (...) {
        return {Result::failed, "an exception of an unknown type came through", "JF-GEN-04", {}};
    }
}

Outcome run_alone(const Test& test, const Request& request, std::chrono::seconds limit, bool quiet)
{
    const auto begin = std::chrono::steady_clock::now();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    share_what_is_done();
    Pipe report;
    Pipe words;
    const Pipe* const listened = quiet ? &words : nullptr;
    const pid_t child = ::fork();
    if (child == 0)
        be_the_child(test, request, report, listened);
    ::setpgid(child, child);
    report.stop_writing();
    words.stop_writing();
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    std::string said;
    const bool in_time = process >= 0 && wait_for(process, begin + limit, listened, said);
    ::close(process);
    ::kill(-child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    end_orphans();
    words.drain(said, kMaxWordsBytes);
    std::string text;
    report.drain(text, kMaxReportBytes);
    const Outcome late{Result::timed_out,
                       "not over after " + std::to_string(limit.count()) + " s" +
                           (done_last().empty() ? "" : ": no return from " + done_last()),
                       done_last().empty() ? "" : "JF-GEN-14",
                       {}};
    Outcome outcome = in_time ? ended(status, reported(text), said) : late;
    outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    return outcome;
}

std::vector<Test> tests_for(const std::string& library)
{
    const nlohmann::json manifest = manifest_beside(library);
    const auto interfaces = manifest.value("interfaces", nlohmann::json::array());
    std::vector<Test> chosen = all_tests();
    std::erase_if(chosen, [&](const Test& test) {
        return (!test.interface_id.empty() &&
                std::ranges::find(interfaces, nlohmann::json(test.interface_id)) == interfaces.end()) ||
               (!test.declared.empty() && manifest.value(test.declared, nlohmann::json()) != true);
    });
    return chosen;
}

} // namespace jackfield::conformance
