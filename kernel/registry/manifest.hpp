// The manifest of a plugin: what is known of a library before it is opened.
//
// Threads: plain values and functions, any thread. A manifest is trusted as far as its library is; it is bounded
// anyway.

#pragma once

#include "kernel/error.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

struct AbiVersion {
    std::uint16_t major = 0;
    std::uint16_t minor = 0;

    bool operator==(const AbiVersion&) const = default;
};

struct Manifest {
    std::string id;                      // "ice-libnice"
    std::string version;                 // "0.1.0"
    std::vector<std::string> interfaces; // "jackfield.connectivity/1"; several factories may lie in one library
    AbiVersion abi;
    std::string library; // file name, in the folder of the manifest
    std::string summary;
    std::string config_schema; // file name beside the library; empty: the plugin has no options
    std::string license;
    std::string status;             // "stable" or "experimental"
    std::vector<std::string> needs; // interface ids of the services it asks the host for
    bool seals_by_itself = false;
    bool untrusted_input = false;
    bool proves_nobody = false;     // a secure channel that comes up without knowing who the peer is
    bool datagrams_only = false;    // a secure channel that cannot stand on a stream
    bool multiplexes = false;       // a secure channel that is a multiplexer as well
    bool datagram_channels = false; // a multiplexer, alone or as that, with channels of datagrams

    std::filesystem::path path; // of the manifest; empty for an entry that was handed in directly
    std::string schema_json;    // only for such an entry: the schema itself instead of a file

    std::filesystem::path library_path() const { return path.parent_path() / library; }
    std::filesystem::path schema_path() const { return path.parent_path() / config_schema; }
    bool implements(std::string_view interface_id) const;
};

/// Reads a manifest of format 1. Error texts hold the problem alone, without the path. JF_BAD_INPUT, JF_NOT_FOUND, or
/// JF_UNSUPPORTED for another ABI.
std::expected<Manifest, Error> read_manifest(const std::filesystem::path& path);

/// "1.0"
std::string to_text(AbiVersion version);

/// Empty if this kernel can load such a plugin, else "built for ABI 2.0, this kernel speaks 1.0".
std::string abi_problem(AbiVersion plugin);

} // namespace jackfield::kernel
