// jackfield completion: what the shell completes after "jackfield ", made from the table of verbs.

#include "tools/jackfield/output.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>

namespace jackfield::program {

namespace {

/// The words after an option, or a compgen option that makes them.
std::string values_of(const OptionInfo& option)
{
    if (option.name == "log")
        return "-W 'debug info warning error'";
    if (option.name == "events")
        return "-W 'human json'";
    if (option.name == "policy")
        return "-W 'tcp-preferred race tcp-only udp-only'";
    if (option.name == "secure")
        return "-W 'secure-openssl secure-gnutls secure-mbedtls secure-noise'";
    if (option.name == "send")
        return "-f -W test";
    if (option.argument == "FILE")
        return "-f";
    return option.argument == "DIR" ? "-d" : "-W ''";
}

std::string case_of(const Verb& verb)
{
    std::string options = verb.info.arguments == "SHELL" ? "bash --help" : "--help";
    std::string values;
    for (const auto& option : verb.info.options) {
        options += " --" + option.name;
        if (!option.argument.empty())
            values +=
                fmt::format("            {}:--{}) what=({}) ;;\n", verb.info.name, option.name, values_of(option));
    }
    // What stands where no option does: a file, or nothing that could be guessed.
    const bool takes_files = verb.info.arguments == "CONFIG" || verb.info.name == "id" || verb.info.name == "check";
    const std::string rest = takes_files ? "-f " : "";
    if (verb.info.name == "contacts")
        options += " add ban allow remove request requests accept decline show";
    if (verb.info.name == "new")
        options += " " + template_slots(" ");
    if (verb.info.name == "id")
        options += " request add-device join revoke";
    return values + fmt::format("            {}:*) what=({}-W '{}') ;;\n", verb.info.name, rest, options);
}

int run_completion(const Arguments& arguments)
{
    if (arguments.rest().front() != "bash")
        throw UsageError("there is completion for bash, not for \"" + printable(arguments.rest().front()) + "\"");
    put(stdout, bash_completion(all_verbs()));
    return kOk;
}

} // namespace

std::vector<Verb> all_verbs()
{
    return {id_verb(),       listen_verb(),   call_verb(),    text_verb(),   inbox_verb(),     send_file_verb(),
            presence_verb(), contacts_verb(), devices_verb(), doctor_verb(), dht_verb(),       plugins_verb(),
            explain_verb(),  new_verb(),      check_verb(),   demo_verb(),   completion_verb()};
}

std::string bash_completion(const std::vector<Verb>& verbs)
{
    std::string names = "--help --version";
    std::string cases;
    for (const auto& verb : verbs) {
        names += " " + verb.info.name;
        cases += case_of(verb);
    }
    return fmt::format(R"(# bash completion for jackfield; made by "jackfield completion bash".
_jackfield()
{{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} what=()
    if ((COMP_CWORD == 1)); then
        what=(-W '{}')
    else
        case ${{COMP_WORDS[1]}}:$before in
{}        esac
    fi
    mapfile -t COMPREPLY < <(compgen "${{what[@]}}" -- "$word")
}}
complete -o filenames -F _jackfield jackfield
)",
                       names, cases);
}

Verb completion_verb()
{
    return {{"completion", "SHELL", "Prints what makes SHELL complete our verbs and options; bash is known.", {}, 1, 1},
            &run_completion};
}

} // namespace jackfield::program
