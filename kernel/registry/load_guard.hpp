// Which libraries may be loaded, found out before any of their code runs in this process.
//
//   permissions   nobody but its owner and group may write to it
//   allow-list    its SHA-256 is one of those that a deployment lists, if it lists any
//   probe         jackfield-probe could open it; tried once for each content, and remembered
//
// Threads:  as the registry. A probe blocks for as long as the library takes to load, kPatience at most.
// Lifetime: shared by the registries of a program; without one everything is loaded as it is.

#pragma once

#include "kernel/error.hpp"
#include "kernel/registry/probe_memory.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

struct GuardSettings {
    std::vector<std::string> allowed; // SHA-256 in lower-case hex; empty: whatever is there
    std::filesystem::path probe;      // the program; empty: no library is tried before it is loaded
    std::filesystem::path memory;     // what was found is kept here; empty: no library is tried
    std::chrono::milliseconds patience = std::chrono::seconds(20);
};

class LoadGuard {
public:
    explicit LoadGuard(GuardSettings settings);

    /// Why the library may not be loaded, in words that follow its path. JF_REFUSED.
    std::optional<Error> refusal(const std::filesystem::path& library);

    /// What an earlier probe has found, without looking at the library's content; nothing if that is not known or good.
    std::optional<std::string> remembered_problem(const std::filesystem::path& library) const;

    /// ~/.cache/jackfield/probed.json, or where XDG_CACHE_HOME says; empty if there is no home.
    static std::filesystem::path default_memory();

private:
    std::string probed(const std::filesystem::path& library, const std::string& sha256);
    std::string in_words(const std::string& problem) const;

    GuardSettings settings_;
    ProbeMemory memory_;
};

} // namespace jackfield::kernel
