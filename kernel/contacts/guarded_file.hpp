// Files that several programs change: one after the other, and each change whole or not at all.
//
// Threads:  any; they wait for the disk and for each other.
// Lifetime: the lock is held as long as the object lives.

#pragma once

#include "kernel/descriptor.hpp"

#include <filesystem>
#include <string>

namespace jackfield::kernel {

/// The folder of a file, locked: whoever changes files of it has it for himself. The folder is made if it is missing.
class GuardedFolder {
public:
    /// Throws Failure JF_INTERNAL with the file and the words of the system.
    explicit GuardedFolder(const std::filesystem::path& file);

    /// Puts the text in the place of a file of this folder, under a temporary name with mode 0600, synced and then
    /// renamed: whenever the power fails, there is what was before or what comes after. Throws Failure as above.
    void replace(const std::filesystem::path& file, const std::string& text) const;

private:
    Descriptor folder_;
};

} // namespace jackfield::kernel
