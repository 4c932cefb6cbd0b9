// What a plugin must leave as it found it: the process, which is the program's; and on which thread it may call back.
//
// Threads: made and asked on the test's; `heard` on any. Lifetime: as long as one test.
#pragma once

#include <sys/stat.h>

#include <csignal>
#include <string>
#include <vector>

namespace jackfield::conformance {

/// Remembers what belongs to the program, and throws Broken (JF-GEN-12, JF-GEN-13) once it is no more as it was.
class ProcessWatch {
public:
    ProcessWatch();
    ProcessWatch(const ProcessWatch&) = delete;
    ProcessWatch& operator=(const ProcessWatch&) = delete;
    ~ProcessWatch();

    void check() const;

    /// Of every listener and every end that is [control].
    static void heard();

private:
    struct Descriptor {
        int number;
        dev_t device;
        ino_t inode;
    };

    void watch(int number);

    std::vector<Descriptor> descriptors_;
    std::vector<struct sigaction> handlers_; // by the number of the signal
    std::string folder_;
    mode_t mask_;
    int own_ = -1; // a descriptor that nobody but us can know
};

} // namespace jackfield::conformance
