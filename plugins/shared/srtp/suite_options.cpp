// See suite_options.hpp.
#include "suite_options.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::srtp {

using Json = nlohmann::json;

namespace {

std::string suite_names()
{
    std::string names;
    for (const Suite& suite : all_suites())
        names += (names.empty() ? "" : ", ") + std::string(suite.name);
    return names;
}

} // namespace

std::vector<const Suite*> read_suites(const Json& config)
{
    std::vector<const Suite*> suites;
    if (!config.contains("suites")) {
        for (const Suite& suite : all_suites())
            suites.push_back(&suite);
        return suites;
    }
    if (!config["suites"].is_array() || config["suites"].empty())
        throw ConfigError("/suites: expected a list of at least one of " + suite_names());
    for (const Json& name : config["suites"]) {
        const std::string place = "/suites/" + std::to_string(suites.size());
        const Suite* suite = name.is_string() ? find_suite(name.get_ref<const std::string&>()) : nullptr;
        if (suite == nullptr)
            throw ConfigError(place + ": no suite " + name.dump() + "; available: " + suite_names());
        if (std::find(suites.begin(), suites.end(), suite) != suites.end())
            throw ConfigError(place + ": " + name.dump() + " is listed twice");
        suites.push_back(suite);
    }
    return suites;
}

} // namespace jackfield::srtp
