// Another program, most often this one again, as a child process: its standard output comes here line by line, its
// standard error goes to a file.
//
// Threads: the main thread. Lifetime: the destructor ends it at once (SIGKILL) if it still runs.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::program {

inline constexpr const char* kSelf = "/proc/self/exe";

class Child {
public:
    /// Runs a program of the PATH, or this one itself if `program` is kSelf. Throws Stop.
    Child(const std::string& program, const std::vector<std::string>& arguments, const std::string& error_file);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    pid_t pid() const { return pid_; }

    /// The next line of its output, without its end; nothing when it has closed it.
    std::optional<std::string> line();

    void interrupt(); // asks it to end
    void kill();      // ends it

    /// Waits for its end; its exit code, or 128 plus the signal that ended it.
    int wait();

private:
    pid_t pid_ = -1;
    std::FILE* output_ = nullptr;
};

} // namespace jackfield::program
