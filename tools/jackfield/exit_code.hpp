// What the program's exit codes mean; the manual page and --help say the same.
#pragma once

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
    kInternal = 70,
    kInterrupted = 130, // Ctrl-C before the call was up
};

inline constexpr const char* kExitCodeHelp = "Exit codes: 0 done, 2 wrong arguments, 3 configuration or identity, "
                                             "4 declined, busy or no answer, 5 peer not found or out of reach, "
                                             "6 the peer is not who it should be, 7 media file or codec, "
                                             "8 the call broke, 70 internal error, 130 interrupted.";

} // namespace jackfield::program
