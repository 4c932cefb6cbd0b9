// Reading JSON that somebody else wrote, within bounds: size, depth, UTF-8, no key twice.
//
// Threads: plain functions, any thread. Only .cpp files include this header.

#pragma once

#include "kernel/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::kernel {

struct JsonLimits {
    std::size_t size_bytes;
    int depth;
};

/// The whole file, refused if it has more than limit_bytes. The caller adds which file it was: JF_NOT_FOUND,
/// JF_BAD_INPUT.
std::expected<std::string, Error> read_text_file(const std::filesystem::path& path, std::size_t limit_bytes);

/// One JSON value with // and /* */ comments. Syntax errors start with "line 3, column 14: ". JF_BAD_INPUT.
std::expected<nlohmann::json, Error> parse_json(std::string_view text, JsonLimits limits);

/// Where the first byte that is no UTF-8 (RFC 3629) stands.
std::optional<std::size_t> first_bad_utf8(std::string_view text);

/// The name of something for an error text: quoted, escaped, cut when very long.
std::string in_quotes(std::string_view name);

/// pointer + "/" + key, escaped (RFC 6901 section 3) and cut when very long.
std::string at(const std::string& pointer, std::string_view key);
std::string at(const std::string& pointer, std::size_t index);

} // namespace jackfield::kernel
