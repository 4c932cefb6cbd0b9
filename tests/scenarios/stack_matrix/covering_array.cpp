// Each row begins with the pair that has waited longest and then takes, factor by factor, the level that meets most new
// ones. See covering_array.hpp.

#include "covering_array.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace scenarios {

namespace {

using Pair = std::pair<Choice, Choice>; // the lower factor first

Pair pair_of(const Choice& a, const Choice& b)
{
    return a < b ? Pair{a, b} : Pair{b, a};
}

std::set<Pair> all_pairs(const std::vector<std::size_t>& sizes, const Apart& apart)
{
    std::set<Pair> pairs;
    for (Choice left{0, 0}; left.factor < sizes.size(); ++left.factor)
        for (left.level = 0; left.level < sizes[left.factor]; ++left.level)
            for (Choice right{left.factor + 1, 0}; right.factor < sizes.size(); ++right.factor)
                for (right.level = 0; right.level < sizes[right.factor]; ++right.level)
                    if (!apart(left, right))
                        pairs.insert({left, right});
    return pairs;
}

/// The level of the factor that meets most pairs still missing with what the row has; the least used one among equals.
std::size_t best_level(const std::vector<Choice>& row, std::size_t factor, const std::set<Pair>& missing,
                       const std::vector<std::size_t>& used, const Apart& apart)
{
    std::optional<std::size_t> best;
    std::size_t most = 0;
    for (std::size_t level = 0; level < used.size(); ++level) {
        const Choice choice{factor, level};
        if (std::ranges::any_of(row, [&](const Choice& other) { return apart(choice, other); }))
            continue;
        const auto met = static_cast<std::size_t>(
            std::ranges::count_if(row, [&](const Choice& other) { return missing.contains(pair_of(choice, other)); }));
        if (!best || met > most || (met == most && used[level] < used[*best])) {
            best = level;
            most = met;
        }
    }
    if (!best)
        throw std::logic_error("no level of factor " + std::to_string(factor) + " goes with the others of a row");
    return *best;
}

} // namespace

std::vector<Row> covering_array(const std::vector<std::size_t>& sizes, const Apart& apart)
{
    auto missing = all_pairs(sizes, apart);
    std::vector<std::vector<std::size_t>> used;
    for (const auto size : sizes)
        used.emplace_back(size, 0);

    std::vector<std::size_t> largest_first(sizes.size());
    for (std::size_t factor = 0; factor < sizes.size(); ++factor)
        largest_first[factor] = factor;
    std::ranges::stable_sort(largest_first, [&](auto left, auto right) { return sizes[left] > sizes[right]; });

    std::vector<Row> rows;
    while (!missing.empty() || rows.empty()) {
        std::vector<Choice> row;
        if (!missing.empty())
            row = {missing.begin()->first, missing.begin()->second};
        for (const auto factor : largest_first) {
            if (std::ranges::find(row, factor, &Choice::factor) == row.end())
                row.push_back({factor, best_level(row, factor, missing, used[factor], apart)});
        }
        std::ranges::sort(row);
        for (std::size_t left = 0; left < row.size(); ++left)
            for (std::size_t right = left + 1; right < row.size(); ++right)
                missing.erase({row[left], row[right]});
        Row levels;
        for (const Choice& choice : row) {
            ++used[choice.factor][choice.level];
            levels.push_back(choice.level);
        }
        rows.push_back(std::move(levels));
    }
    return rows;
}

} // namespace scenarios
