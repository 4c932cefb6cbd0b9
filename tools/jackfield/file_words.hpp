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

/// How fast each file is, and what is said of it.
class FileRates {
public:
    /// The bar in the live line.
    void show(Progress& progress, const kernel::FileTransfer& transfer);
    void end(Progress& progress, const kernel::FileTransfer& transfer);

    /// How it ended.
    std::string sentence(const kernel::FileTransfer& transfer, const kernel::FileEnd& end) const;

private:
    struct Began {
        std::chrono::steady_clock::time_point at;
        std::uint64_t bytes = 0;
    };

    double bytes_per_s(const kernel::FileTransfer& transfer) const;

    std::map<std::string, Began> began_; // by transfer
};

} // namespace jackfield::program
