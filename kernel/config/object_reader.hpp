// Reads the members of one object of the configuration; every mistake is a Failure with the exact place.
//
// Threads: plain value on the stack of parse_config. Borrows the document, the file name and the tables of words.

#pragma once

#include "kernel/config/report.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace jackfield::kernel {

class ObjectReader {
public:
    /// Refuses anything but an object, and keys that are not known; `key_word` is what a key is called ("slot").
    ObjectReader(const nlohmann::json& object, std::string pointer, const std::string& file,
                 std::span<const std::string_view> known, std::string_view key_word = "key");

    /// nullptr if it is not there.
    const nlohmann::json* member(std::string_view key) const;

    std::string text(std::string_view key, std::string_view default_text, std::size_t max_bytes) const;
    std::int64_t integer(std::string_view key, std::int64_t default_value, std::int64_t least, std::int64_t most) const;
    bool flag(std::string_view key, bool default_value) const;

    /// The position of the member's text in `words`.
    std::size_t choice(std::string_view key, std::size_t default_index, std::span<const std::string_view> words) const;

    std::string place(std::string_view key) const;
    const std::string& file() const { return file_; }

    /// "expected a whole number from 1 to 600, found "30"".
    [[noreturn]] void refuse(std::string_view key, std::string_view expected, const nlohmann::json& found) const;

private:
    const nlohmann::json& object_;
    std::string pointer_;
    const std::string& file_;
};

/// A value in an error text: short ones as they are, long ones by their kind.
std::string shown(const nlohmann::json& value);

} // namespace jackfield::kernel
