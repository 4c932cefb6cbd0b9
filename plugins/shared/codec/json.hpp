// Reads an options object, for the sources of this folder.
//
// Threads: any.
#pragma once

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::codec {

/// Throws Failure with that status.
inline nlohmann::json parse_object(std::string_view text, Status status = JF_BAD_INPUT)
{
    nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
    if (!json.is_object())
        throw Failure(status, "/: expected a JSON object");
    return json;
}

} // namespace jackfield::codec
