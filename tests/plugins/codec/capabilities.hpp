// What a codec plugin says of itself, checked against the schema of the boundary.
//
// Threads: the test's. Lifetime: values.
#pragma once

#include "tests/plugins/codec/codec_fixture.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace jackfield::codec::testing {

inline std::vector<std::string> codec_names(const CodecPlugin& plugin)
{
    std::vector<std::string> names;
    const auto json = nlohmann::json::parse(plugin.capabilities());
    for (const auto& entry : json["codecs"])
        names.push_back(entry["name"]);
    return names;
}

inline Failure failure_of(const std::function<void()>& action)
{
    try {
        action();
    } catch (const Failure& failure) {
        return failure;
    }
    return {JF_OK, "nothing failed"};
}

} // namespace jackfield::codec::testing
