// Our own profile card, as it is sent.
//
// Threads:  plain values and functions, any thread; own_card reads a file.
// Lifetime: a card owns all it says.

#pragma once

#include "kernel/error.hpp"

#include <string>

namespace jackfield::kernel {

struct Config;

struct OwnCard {
    std::string text = {};    // empty: we have none
    std::string version = {}; // its SHA-256: the same version is not sent twice, whatever its REV says
    std::string name = {};    // its FN
};

/// What the configuration says of us: its card, or one made of its name. Throws Failure JF_BAD_CONFIG, in four parts,
/// if the file is no card.
OwnCard own_card(const Config& config);

} // namespace jackfield::kernel
