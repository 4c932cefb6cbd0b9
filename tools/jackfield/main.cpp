// jackfield: finds the verb, runs it, turns what goes wrong into a sentence and an exit code.

#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace {

using namespace jackfield::program;

constexpr const char* kVersion = "0.1.0";

std::string overview(const std::vector<Verb>& verbs)
{
    std::string text = "jackfield: peer-to-peer calls in which every step is a plugin\n\n"
                       "usage: jackfield VERB [options]\n\n";
    for (const auto& verb : verbs)
        text += fmt::format("  {:<10} {}\n", verb.info.name, verb.info.summary);
    return text + "\njackfield VERB --help says what a verb takes; jackfield --version the version.\n" + kExitCodeHelp +
           "\n";
}

int run(const Verb& verb, const std::vector<std::string>& line)
{
    try {
        const auto arguments = parse(verb.info, line);
        if (arguments.help()) {
            fmt::print("{}", help_text(verb.info));
            return kOk;
        }
        return verb.run(arguments);
    } catch (const UsageError& error) {
        fmt::print(stderr, "jackfield {}: {}\njackfield {} --help shows what it takes\n", verb.info.name, error.what(),
                   verb.info.name);
        return kUsage;
    } catch (const Stop& stop) {
        fmt::print(stderr, "{}\n", stop.what());
        return stop.code();
    } catch (const std::exception& error) {
        fmt::print(stderr, "jackfield: internal error: {}\n", error.what());
        return kInternal;
    }
}

} // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string> words(argv + 1, argv + argc);
    const std::vector<Verb> verbs{id_verb(),      listen_verb(),  call_verb(), dht_verb(),
                                  plugins_verb(), explain_verb(), demo_verb()};
    if (words.empty() || words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
        fmt::print("{}", overview(verbs));
        return words.empty() ? kUsage : kOk;
    }
    if (words.front() == "--version") {
        fmt::print("jackfield {}\n", kVersion);
        return kOk;
    }
    for (const auto& verb : verbs) {
        if (verb.info.name == words.front())
            return run(verb, {words.begin() + 1, words.end()});
    }
    fmt::print(stderr, "jackfield: there is no verb \"{}\"\n\n{}", words.front(), overview(verbs));
    return kUsage;
}
