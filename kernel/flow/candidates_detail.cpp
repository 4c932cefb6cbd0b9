// What a blob offers. See candidates_detail.hpp.

#include "kernel/flow/candidates_detail.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>
#include <vector>

namespace jackfield::kernel {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMost = 64;
constexpr std::size_t kLongestWord = 64;

/// RFC 8839 section 5.1: foundation, component, transport, priority, address, port, "typ", type.
Json candidate_of(const std::string& line)
{
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; words.size() < 8 && stream >> word;)
        words.push_back(word.substr(0, kLongestWord));
    if (words.size() < 8 || words[6] != "typ")
        return {};
    for (char& letter : words[2])
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    int port = 0;
    std::from_chars(words[5].data(), words[5].data() + words[5].size(), port);
    return {{"transport", words[2]}, {"type", words[7]}, {"address", words[4]}, {"port", port}};
}

Json candidates_in(std::string_view blob)
{
    Json candidates = Json::array();
    std::istringstream lines{std::string(blob)};
    for (std::string line; candidates.size() < kMost && std::getline(lines, line);) {
        if (auto candidate = candidate_of(line); !candidate.is_null())
            candidates.push_back(std::move(candidate));
    }
    return candidates;
}

} // namespace

std::string candidates_detail(std::string_view blob)
{
    return Json{{"candidates", candidates_in(blob)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool only_host_candidates(std::string_view blob)
{
    const Json candidates = candidates_in(blob);
    return !candidates.empty() &&
           std::ranges::all_of(candidates, [](const Json& candidate) { return candidate["type"] == "host"; });
}

} // namespace jackfield::kernel
