// What probes have found out, kept in a file so that each library is tried once: by the SHA-256 of its content, and by
// what stat says of a file, so that a start need not read every library.
//
// Threads:  one at a time. Several processes may keep the same file: the last one to write wins, the others try again.
// Bounded:  256 libraries; the one that was tried longest ago is forgotten first. What cannot be read is as good as
// empty.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace jackfield::kernel {

class ProbeMemory {
public:
    static constexpr std::size_t kMostLibraries = 256;
    static constexpr std::size_t kMostBytes = 1024 * 1024;

    /// Without a file nothing is kept.
    explicit ProbeMemory(std::filesystem::path file);

    const std::filesystem::path& file() const { return file_; }

    /// The hash that the file had when it looked as it looks now.
    std::optional<std::string> hash_of(const std::filesystem::path& library) const;

    /// What a probe has found, "" if nothing.
    std::optional<std::string> found(const std::string& sha256) const;

    /// Kept at once. A disk that is full is no reason to fail.
    void remember(const std::filesystem::path& library, const std::string& sha256, const std::string& problem);

private:
    struct Library {
        std::string sha256;
        std::string look; // of stat
        std::string problem;
        std::int64_t tried_ms = 0;
    };

    void read();
    void write() const;

    std::filesystem::path file_;
    std::map<std::string, Library> libraries_; // by path
};

} // namespace jackfield::kernel
