// jackfield: finds the verb, runs it, turns what goes wrong into a sentence and an exit code.

#include "kernel/config/nearest.hpp"
#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <jackfield/abi/types.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace {

using namespace jackfield::program;

std::string overview(const std::vector<Verb>& verbs)
{
    std::string text = "jackfield: peer-to-peer calls in which every step is a plugin\n\n"
                       "usage: jackfield VERB [options]\n\n";
    for (const auto& verb : verbs)
        text += fmt::format("  {:<10} {}\n", verb.info.name, verb.info.summary);
    return text + "\njackfield VERB --help says what a verb takes; jackfield --version the version; man jackfield " +
           "everything.\n" + exit_code_help() + "\n";
}

std::string version()
{
    return fmt::format("jackfield {}, plugin ABI {}.{}\n", JACKFIELD_VERSION, JF_ABI_MAJOR, JF_ABI_MINOR);
}

/// A shell may start us without standard input or output. Whatever is opened next would take their numbers, and what is
/// meant for a terminal would go into a socket.
void open_standard_streams()
{
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0)
            _exit(kInternal);
    }
}

int run(const Verb& verb, const std::vector<std::string>& line)
{
    try {
        const auto arguments = parse(verb.info, line);
        if (arguments.help()) {
            put(stdout, help_text(verb.info));
            return kOk;
        }
        return verb.run(arguments);
    } catch (const UsageError& error) {
        put(stderr, fmt::format("jackfield {}: {}\njackfield {} --help shows what it takes\n", verb.info.name,
                                printable(error.what()), verb.info.name));
        return kUsage;
    } catch (const Stop& stop) {
        put(stderr, printable_lines(stop.what()) + "\n");
        return stop.code();
    } catch (const std::exception& error) {
        put(stderr, fmt::format("jackfield: internal error: {}\n", printable(error.what())));
        return kInternal;
    }
}

int run(const std::vector<std::string>& words)
{
    const auto verbs = all_verbs();
    if (words.empty()) {
        put(stderr, overview(verbs));
        return kUsage;
    }
    if (words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
        put(stdout, overview(verbs));
        return kOk;
    }
    if (words.front() == "--version") {
        put(stdout, version());
        return kOk;
    }
    std::vector<std::string_view> names;
    for (const auto& verb : verbs) {
        if (verb.info.name == words.front())
            return run(verb, {words.begin() + 1, words.end()});
        names.emplace_back(verb.info.name);
    }
    put(stderr, fmt::format("jackfield: there is no verb \"{}\"{}\njackfield --help shows those that there are\n",
                            printable(words.front()), jackfield::kernel::did_you_mean(words.front(), names)));
    return kUsage;
}

} // namespace

int main(int argc, char** argv)
{
    open_standard_streams();
    const int code = run(std::vector<std::string>(argv + 1, argv + argc));
    const auto problem = output_problem();
    if (code == kOk && !problem.empty()) {
        put(stderr, fmt::format("jackfield: standard output: {}\n", problem));
        return kMedia;
    }
    return code;
}
