// The verbs of the program. Each says what it takes, and runs to an exit code.
#pragma once

#include "tools/jackfield/options.hpp"

namespace jackfield::program {

struct Verb {
    VerbInfo info;
    int (*run)(const Arguments& arguments);
};

Verb id_verb();
Verb listen_verb();
Verb call_verb();
Verb dht_verb();
Verb plugins_verb();
Verb explain_verb();
Verb demo_verb();

} // namespace jackfield::program
