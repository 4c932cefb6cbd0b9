// What the verbs say of files on their way.
//
// Threads: [control].
#pragma once

#include "kernel/flow/file_transfer.hpp"
#include "tools/jackfield/exit_code.hpp"
#include "tools/jackfield/progress.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace jackfield::program {

/// "12.3 MiB"
std::string bytes_words(std::uint64_t bytes);

ExitCode exit_code_of(const kernel::FileEnd& end);

/// The files that are under way, and what is said of them.
class FileRates {
public:
    /// The bar in the live line.
    void show(Progress& progress, const kernel::FileTransfer& transfer);

    /// Takes the file out of the bar. Returns how it ended.
    std::string end(Progress& progress, const kernel::FileTransfer& transfer, const kernel::FileEnd& end);

private:
    struct GoingOn {
        std::chrono::steady_clock::time_point began;
        std::uint64_t before = 0; // of its bytes, when it began
        std::string name = {};
        std::uint64_t size = 0;
        std::uint64_t done = 0;
        double bytes_per_s = 0;
    };

    void draw(Progress& progress) const;
    double bytes_per_s(const kernel::FileTransfer& transfer) const;
    std::string sentence(const kernel::FileTransfer& transfer, const kernel::FileEnd& end) const;
    static double part_of(const GoingOn& one);

    std::map<std::string, GoingOn> going_on_; // by transfer
};

} // namespace jackfield::program
