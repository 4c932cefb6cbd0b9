// What the configuration says of files that come in.
//
// Threads: plain values.

#pragma once

#include "kernel/contacts/contacts.hpp"

#include <cstdint>
#include <filesystem>

namespace jackfield::kernel {

struct DownloadSettings {
    std::filesystem::path folder;                          // empty: files are not taken
    std::uint64_t quota_bytes = std::uint64_t{4096} << 20; // of all that is in the folder
    std::uint64_t file_bytes = std::uint64_t{2048} << 20;  // of one
};

struct FileSettings {
    DownloadSettings download;
    CallsFrom from = CallsFrom::kContacts; // whose
};

} // namespace jackfield::kernel
