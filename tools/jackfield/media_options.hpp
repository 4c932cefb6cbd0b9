// --send, --play, --record and --trace: what they take, checked before anything is opened, so that a mistake costs no
// call.
//
// Threads: the main thread, but for RecordingNames, which its owner guards.
#pragma once

#include "kernel/config/config.hpp"
#include "tools/jackfield/options.hpp"

#include <filesystem>
#include <set>
#include <string>

namespace jackfield::program {

OptionInfo send_option();
OptionInfo play_option();
OptionInfo both_sides_option();
OptionInfo overwrite_option();
OptionInfo trace_option();

/// Throws Stop if SRC, or a part of it, looks like a file and there is none that we may read.
void check_source(const std::string& source);

/// What --send says, or else the configuration; "none" is nothing.
std::string source_of(const Arguments& arguments, const kernel::Config& config);

/// The same of --play.
std::string player_of(const Arguments& arguments, const kernel::Config& config);

/// The file of --trace, empty if there is none. Throws UsageError if it is the configuration.
std::string trace_file(const Arguments& arguments, const std::string& config_file);

/// Where the recordings of a verb go. No recording that is there already is lost unless --overwrite says so.
class RecordingNames {
public:
    /// Throws Stop if there is no folder to write to.
    explicit RecordingNames(const Arguments& arguments);

    /// The name for a single recording, FILE itself; empty if nothing is kept, for which no sink is needed. Throws Stop
    /// if there is something in that file already.
    std::string only() const;

    /// The name for the next of several: FILE, FILE-2, FILE-3, whichever is free and not taken by another call; empty
    /// as above.
    std::string next(const std::set<std::string>& taken = {}) const;

    /// Whether what we send is kept, too.
    bool both_sides() const { return both_sides_; }

    /// A call that was not answered leaves no recording behind, nor does one in which nothing arrived.
    static void discard_unused(const std::string& name, bool answered);

private:
    bool free(const std::filesystem::path& file) const;

    std::filesystem::path file_; // empty: nothing is kept
    bool overwrite_;
    bool both_sides_;
};

} // namespace jackfield::program
