// Base64 (RFC 4648 section 4), as keys in media descriptions are written (RFC 4568 section 6.1), and bytes in JSON.
//
// Threads: any.
#pragma once

#include <jackfield/basic.hpp>

#include <optional>

namespace jackfield {

std::string encode_base64(ByteView bytes);

/// Nothing unless the text is well-formed base64 with its padding.
std::optional<Bytes> decode_base64(std::string_view text);

} // namespace jackfield
