// The plugins that are there, as jackfield_plugins_there (sdk/cmake/JackfieldTest.cmake) hands them to a test.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace jackfield::test {

/// "a,b" as a list.
inline std::vector<std::string> listed(const std::string& names)
{
    std::vector<std::string> ids;
    std::istringstream list(names);
    for (std::string id; std::getline(list, id, ',');)
        ids.push_back(id);
    return ids;
}

inline bool among(const std::vector<std::string>& ids, const std::string& id)
{
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

} // namespace jackfield::test
