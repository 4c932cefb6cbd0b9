// The verbs of the program. Each says what it takes, and runs to an exit code.
#pragma once

#include "tools/jackfield/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace jackfield::program {

struct Verb {
    VerbInfo info;
    int (*run)(const Arguments& arguments);
};

Verb id_verb();
Verb presence_verb();
Verb listen_verb();
Verb call_verb();
Verb send_file_verb();
Verb text_verb();
Verb inbox_verb();
Verb contacts_verb();
Verb devices_verb();
Verb doctor_verb();
Verb dht_verb();
Verb plugins_verb();
Verb explain_verb();
Verb new_verb();
Verb check_verb();
Verb demo_verb();
Verb completion_verb();

/// In the order in which --help shows them.
std::vector<Verb> all_verbs();

/// The slots for which `jackfield new` has a template.
std::string template_slots(std::string_view between);

/// The completion of all of them for bash, to be read by the shell.
std::string bash_completion(const std::vector<Verb>& verbs);

} // namespace jackfield::program
