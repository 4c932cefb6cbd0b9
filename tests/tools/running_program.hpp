// The program as its users run it: with pipes, with a terminal, with a stream missing; what it wrote, and how it ended.
//
// Threads:  the test's.
// Lifetime: what still runs when a RunningProgram goes away is killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace jackfield::test {

using namespace std::chrono_literals;

struct How {
    bool terminal = false; // standard input, output and error are one terminal, and it is the controlling one
    std::string out = "";  // a file for standard output instead of a pipe
    std::map<std::string, std::string> environment = {};
    std::vector<int> closed = {}; // descriptors that do not exist for the program
};

/// False where /dev/pts is missing, as in a bare chroot.
bool gives_terminals();

/// First line of a test that needs a terminal.
#define NEEDS_A_TERMINAL()                                                                                             \
    if (!jackfield::test::gives_terminals())                                                                           \
    GTEST_SKIP() << "this machine gives no pseudo terminal; is /dev/pts mounted?"

class RunningProgram {
public:
    explicit RunningProgram(const std::vector<std::string>& arguments, const How& how = {});
    RunningProgram(const RunningProgram&) = delete;
    RunningProgram& operator=(const RunningProgram&) = delete;
    ~RunningProgram();

    /// Waits until the text has come that often, on whatever stream. False if the streams ended or it took too long.
    bool says(const std::string& text, int times = 1);

    void type(const std::string& text); // on standard input
    void end_input();
    void stop_reading_output();
    void stop_reading_errors();
    void signal(int number) const;

    /// Reads what is left and waits for the end: the exit code, 128 plus a signal, or -1 if it does not end.
    int exit_code(std::chrono::milliseconds limit = 20s);

    const std::string& out() const { return streams_[0].text; } // all there is, with a terminal
    const std::string& err() const { return streams_[1].text; }

private:
    struct Stream {
        int descriptor = -1;
        std::string text;
    };

    void start_with_pipes(const std::vector<std::string>& arguments, const How& how);
    void start_with_terminal(const std::vector<std::string>& arguments, const How& how);
    bool read_some(std::chrono::steady_clock::time_point deadline);
    static void shut(int& descriptor);

    pid_t pid_ = -1;
    int input_ = -1;
    Stream streams_[2];
};

/// Runs it to its end.
struct Ran {
    int code;
    std::string out;
    std::string err;
};
Ran run(const std::vector<std::string>& arguments, const How& how = {});

} // namespace jackfield::test
