// What the program's exit codes mean; --help and the manual say the same.
#pragma once

#include <string>
#include <string_view>

namespace jackfield::program {

enum ExitCode {
    kOk = 0,
    kUsage = 2,         // wrong arguments
    kConfiguration = 3, // the configuration, a plugin or the identity is wrong
    kNotAnswered = 4,   // the peer declined, was busy, or did not answer
    kUnreachable = 5,   // no such peer, or no way to it
    kNotTrusted = 6,    // somebody else than the peer answered
    kMedia = 7,         // a file cannot be read or written, or no common media
    kBroken = 8,        // the call was up and broke
    kKept = 9,          // a text or contact request was not delivered yet; it will be sent later
    kOffline = 10,      // no device of the peer is there
    kProblems = 11,     // doctor has found why calls fail, or check what is wrong with a plugin
    kInternal = 70,
    kInterrupted = 130, // Ctrl-C before the call was up
};

struct ExitCodeInfo {
    ExitCode code;
    std::string_view words;
};

inline constexpr ExitCodeInfo kExitCodes[] = {
    {kOk, "done"},
    {kUsage, "wrong arguments"},
    {kConfiguration, "configuration or identity"},
    {kNotAnswered, "declined, busy or no answer"},
    {kUnreachable, "peer not found or out of reach"},
    {kNotTrusted, "the peer is not who it should be"},
    {kMedia, "file cannot be read or written, or no common media"},
    {kBroken, "the call broke"},
    {kKept, "the text or request is kept and will be sent later"},
    {kOffline, "no device of the peer is there"},
    {kProblems, "doctor or check found a problem"},
    {kInternal, "internal error"},
    {kInterrupted, "interrupted"},
};

/// "Exit codes: 0 done, 2 wrong arguments, ..."
std::string exit_code_help();

} // namespace jackfield::program
