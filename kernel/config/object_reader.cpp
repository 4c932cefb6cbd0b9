// Members with their places. See object_reader.hpp.

#include "kernel/config/object_reader.hpp"

#include "kernel/config/nearest.hpp"
#include "kernel/registry/json_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace jackfield::kernel {

using nlohmann::json;

ObjectReader::ObjectReader(const json& object, std::string pointer, const std::string& file,
                           std::span<const std::string_view> known, std::string_view key_word)
    : object_(object), pointer_(std::move(pointer)), file_(file)
{
    if (!object_.is_object())
        Report(file_, pointer_, fmt::format("expected an object, found {}", shown(object_))).raise();
    for (const auto& [key, value] : object_.items()) {
        if (std::find(known.begin(), known.end(), key) != known.end())
            continue;
        Report(file_, place(key), fmt::format("no such {}{}", key_word, did_you_mean(key, known)))
            .line("known", fmt::format("{}", fmt::join(known, ", ")))
            .raise();
    }
}

const json* ObjectReader::member(std::string_view key) const
{
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
}

std::string ObjectReader::text(std::string_view key, std::string_view default_text, std::size_t max_bytes) const
{
    const auto* const value = member(key);
    if (value == nullptr)
        return std::string(default_text);
    if (!value->is_string() || value->get_ref<const std::string&>().size() > max_bytes)
        refuse(key, fmt::format("a string of at most {} bytes", max_bytes), *value);
    return value->get<std::string>();
}

std::int64_t ObjectReader::integer(std::string_view key, std::int64_t default_value, std::int64_t least,
                                   std::int64_t most) const
{
    const auto* const value = member(key);
    if (value == nullptr)
        return default_value;
    // A number above the signed range is unsigned and would wrap around in get.
    if (!value->is_number_integer() || *value < least || *value > most)
        refuse(key, fmt::format("a whole number from {} to {}", least, most), *value);
    return value->get<std::int64_t>();
}

bool ObjectReader::flag(std::string_view key, bool default_value) const
{
    const auto* const value = member(key);
    if (value == nullptr)
        return default_value;
    if (!value->is_boolean())
        refuse(key, "true or false", *value);
    return value->get<bool>();
}

std::size_t ObjectReader::choice(std::string_view key, std::size_t default_index,
                                 std::span<const std::string_view> words) const
{
    const auto* const value = member(key);
    if (value == nullptr)
        return default_index;
    const std::string typed = value->is_string() ? value->get<std::string>() : std::string();
    const auto found = std::find(words.begin(), words.end(), typed);
    if (!value->is_string() || found == words.end()) {
        const auto expected = fmt::format("one of \"{}\"", fmt::join(words, "\", \""));
        Report(file_, place(key),
               fmt::format("expected {}, found {}{}", expected, shown(*value), did_you_mean(typed, words)))
            .raise();
    }
    return static_cast<std::size_t>(found - words.begin());
}

std::string ObjectReader::place(std::string_view key) const
{
    return at(pointer_, key);
}

void ObjectReader::refuse(std::string_view key, std::string_view expected, const json& found) const
{
    Report(file_, place(key), fmt::format("expected {}, found {}", expected, shown(found))).raise();
}

std::string shown(const json& value)
{
    if (value.is_object())
        return value.empty() ? "{}" : "an object";
    if (value.is_array())
        return value.empty() ? "[]" : "a list";
    if (value.is_string())
        return in_quotes(value.get_ref<const std::string&>());
    return value.dump();
}

} // namespace jackfield::kernel
