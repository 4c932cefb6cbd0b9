// Verbs and their options: what --help shows and what the command line said.
//
// Threads: the main thread, before anything else runs.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace jackfield::program {

/// The command line is wrong; the text says how.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct OptionInfo {
    std::string name;     // "config"
    std::string argument; // "FILE"; empty: a switch
    std::string help;
    bool required = false;
};

struct VerbInfo {
    std::string name;
    std::string arguments; // "PEER"
    std::string summary;   // one line
    std::vector<OptionInfo> options;
    std::size_t least_arguments = 0;
    std::size_t most_arguments = 0;
};

class Arguments {
public:
    bool has(const std::string& name) const { return values_.contains(name); }
    std::string get(const std::string& name, const std::string& otherwise = {}) const;
    const std::vector<std::string>& rest() const { return rest_; }
    bool help() const { return has("help"); }

private:
    friend Arguments parse(const VerbInfo& verb, const std::vector<std::string>& line);
    std::map<std::string, std::string> values_;
    std::vector<std::string> rest_;
};

/// Throws UsageError.
Arguments parse(const VerbInfo& verb, const std::vector<std::string>& line);

/// The text of `jackfield VERB --help`.
std::string help_text(const VerbInfo& verb);

/// The same for another command, with its own last line.
std::string help_text(const VerbInfo& verb, const std::string& command, const std::string& footer);

} // namespace jackfield::program
