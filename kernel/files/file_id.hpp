// A file that is to be sent: open, measured, and with a name of its own, so that a broken transfer can go on later.
//
// Threads: a worker; it may have to wait for the disk.

#pragma once

#include "kernel/descriptor.hpp"
#include "kernel/error.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>

namespace jackfield::kernel {

struct OpenFile {
    Descriptor descriptor;
    std::string name; // without its folder
    std::string id;   // 32 hex digits: of place, size and time of change; the same as long as these are
    std::uint64_t size = 0;
    std::int64_t changed_ns = 0;

    /// It has not been written to since it was opened, as far as size and time of change tell.
    bool unchanged() const;
};

/// JF_NOT_FOUND, JF_BAD_INPUT for what is no regular file; the text names it.
std::expected<OpenFile, Error> open_to_send(const std::filesystem::path& file);

} // namespace jackfield::kernel
