// One test, one process. See run.hpp.
//
// Threads: the caller's; the child has what the plugin starts. Lifetime: the child is waited for.
#include "run.hpp"

#include "lists.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace jackfield::conformance {

namespace {

/// Exit codes of the child, far from those that runtimes use.
constexpr int kFailed = 71;
constexpr int kSkipped = 72;

void say(int pipe, const std::string& text)
{
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = ::write(pipe, text.data() + at, text.size() - at);
        if (written <= 0)
            return;
        at += static_cast<std::size_t>(written);
    }
}

int exit_code(const Outcome& outcome)
{
    return outcome.result == Result::passed ? 0 : outcome.result == Result::skipped ? kSkipped : kFailed;
}

/// Reads until the other end closes. False if time is over before.
bool read_until(int pipe, std::chrono::steady_clock::time_point end, std::string& text)
{
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        pollfd waiting{pipe, POLLIN, 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0)
            return false;
        char piece[4096];
        const ssize_t size = ::read(pipe, piece, sizeof(piece));
        if (size <= 0)
            return true;
        text.append(piece, static_cast<std::size_t>(size));
    }
}

Outcome ended(int status, const std::string& said)
{
    if (WIFSIGNALED(status))
        return {Result::crashed, std::string("ended by signal ") + strsignal(WTERMSIG(status)), {}};
    switch (WEXITSTATUS(status)) {
    case 0:
        return {Result::passed, "", {}};
    case kFailed:
        return {Result::failed, said, {}};
    case kSkipped:
        return {Result::skipped, said, {}};
    default:
        return {Result::crashed, "ended with exit code " + std::to_string(WEXITSTATUS(status)), {}};
    }
}

} // namespace

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
        Bench bench(request);
        test.run(bench);
        return {Result::passed, "", {}};
    } catch (const Skipped& skipped) {
        return {Result::skipped, skipped.what(), {}};
    } catch (const Broken& broken) {
        return {Result::failed, broken.what(), {}};
    } catch (const Failure& failure) {
        return {Result::failed, "failed with " + status_name(failure.status()) + ": " + failure.what(), {}};
    } catch (const std::exception& exception) {
        return {Result::failed, std::string("an exception came through: ") + exception.what(), {}};
    } catch (...) {
        return {Result::failed, "an exception of an unknown type came through", {}};
    }
}

Outcome run_alone(const Test& test, const Request& request, std::chrono::seconds limit)
{
    const auto begin = std::chrono::steady_clock::now();
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0)
        return {Result::failed, "no pipe for the test", {}};
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(pipe[0]);
        const Outcome outcome = run_here(test, request);
        say(pipe[1], outcome.seen);
        std::exit(exit_code(outcome)); // with what runs at the end of a process, for leaks are looked for there
    }
    ::close(pipe[1]);
    std::string said;
    const bool in_time = read_until(pipe[0], begin + limit, said);
    if (!in_time)
        ::kill(child, SIGKILL);
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    Outcome outcome = in_time
                          ? ended(status, said)
                          : Outcome{Result::timed_out, "not over after " + std::to_string(limit.count()) + " s", {}};
    outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    return outcome;
}

std::vector<Test> tests_for(const std::string& library)
{
    const nlohmann::json manifest = manifest_beside(library);
    const auto interfaces = manifest.value("interfaces", std::vector<std::string>());
    std::vector<Test> chosen = all_tests();
    std::erase_if(chosen, [&](const Test& test) {
        return (!test.interface_id.empty() && std::ranges::find(interfaces, test.interface_id) == interfaces.end()) ||
               (!test.declared.empty() && !manifest.value(test.declared, false));
    });
    return chosen;
}

} // namespace jackfield::conformance
