// The folder that files of peers come into, and one file on its way there.
//
//   .ACCOUNT-ID.part     what has come of it; goes on growing when the sender comes back
//   .received            one line for each that is complete: who, which, how long, its name here
//
// Threads: a worker; every call may have to wait for the disk.

#pragma once

#include "kernel/descriptor.hpp"
#include "kernel/error.hpp"
#include "kernel/files/file_frames.hpp"
#include "kernel/files/file_settings.hpp"
#include "kernel/files/sha256.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>

namespace jackfield::kernel {

class Download {
public:
    /// Makes the folder if it is not there. `promised`: bytes of other files that are on their way. JF_BAD_INPUT for a
    /// name that is none, JF_EXHAUSTED for too much, JF_BUSY if it is coming in already, JF_INTERNAL for the disk's
    /// own trouble.
    static std::expected<Download, Error> open(const DownloadSettings& settings, const std::string& account,
                                               const FileOffer& offer, std::uint64_t promised);

    /// How much of it is there; it goes on from here.
    std::uint64_t offset() const { return offset_; }

    /// It has been received earlier, and is still there.
    bool complete() const { return complete_; }

    Error write(std::span<const std::uint8_t> bytes);

    /// Compares, and gives it a name that no other file there has: the offered one, or "name (2)". Twice of the same is
    /// the same.
    std::expected<std::filesystem::path, Error> finish(const std::string& sha256);

private:
    Error open_folder();
    Error find_room(std::uint64_t promised) const;
    Error open_part();
    Error hash_part();
    void hurry_to_disk();
    bool received_earlier() const;
    Error note_received(const std::string& name) const;
    std::expected<std::string, Error> move_into_place();
    Error trouble(const char* what) const;

    DownloadSettings settings_;
    std::string account_key_;
    FileOffer offer_;
    std::string name_;
    std::string part_name_;
    Descriptor folder_;
    Descriptor part_;
    Sha256 hash_;
    std::uint64_t offset_ = 0;
    std::uint64_t on_its_way_ = 0; // to the disk
    bool complete_ = false;
};

} // namespace jackfield::kernel
