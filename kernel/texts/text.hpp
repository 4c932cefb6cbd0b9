// A text between two accounts, and how much of that there may be.
//
// Threads:  plain values, any thread.
// Lifetime: a text owns all it says.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace jackfield::kernel {

/// One text, ours or theirs, as it is kept.
struct Text {
    std::string id;           // the sender's, unique among its texts
    std::string peer;         // the other account
    bool ours = false;        // we wrote it
    std::string body;         // UTF-8
    std::int64_t sent_ms = 0; // since 1970, by the sender's clock
    bool done = false;        // ours: a device of the peer has kept it; theirs: it was read
    std::int64_t number = 0;  // its place among all texts that are kept here; 0: it is not kept yet
};

/// What a deployment may say about texts.
struct TextSettings {
    std::filesystem::path file; // the database; empty: this node keeps no texts
    std::int64_t max_mib = 256; // the most that it grows to
    int per_second = 20;        // taken of one account, and resent ones count
    int burst = 100;            // at once, after silence
};

namespace text_limits {

inline constexpr std::size_t kBodyBytes = 32 * 1024; // with base64 and its headers in one message of 64 KiB
inline constexpr std::size_t kIdBytes = 64;
inline constexpr std::size_t kHeaders = 32; // of one CPIM message, those of its content included
inline constexpr std::size_t kHeaderLineBytes = 1024;
inline constexpr std::size_t kXmlBytes = 4096; // a receipt, or a word about typing
inline constexpr std::size_t kXmlElements = 64;
inline constexpr std::size_t kXmlDepth = 8;
inline constexpr int kQueuedPerPeer = 10'000; // ours that have not arrived
inline constexpr int kWindow = 16;            // on their way to one device at once

} // namespace text_limits

} // namespace jackfield::kernel
