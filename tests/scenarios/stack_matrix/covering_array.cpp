// Each row begins with the pair that has waited longest and then takes, factor by factor, the level that meets most new
// ones. See covering_array.hpp.

#include "covering_array.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace scenarios {

namespace {

struct Pair {
    std::size_t left, left_level, right, right_level; // left < right

    auto operator<=>(const Pair&) const = default;
};

Pair pair_of(std::size_t a, std::size_t a_level, std::size_t b, std::size_t b_level)
{
    return a < b ? Pair{a, a_level, b, b_level} : Pair{b, b_level, a, a_level};
}

std::set<Pair> all_pairs(const std::vector<std::size_t>& sizes)
{
    std::set<Pair> pairs;
    for (std::size_t left = 0; left < sizes.size(); ++left)
        for (std::size_t right = left + 1; right < sizes.size(); ++right)
            for (std::size_t left_level = 0; left_level < sizes[left]; ++left_level)
                for (std::size_t right_level = 0; right_level < sizes[right]; ++right_level)
                    pairs.insert({left, left_level, right, right_level});
    return pairs;
}

/// The level of the factor that meets most pairs still missing with what the row has; the least used one among equals.
std::size_t best_level(const std::vector<std::optional<std::size_t>>& row, std::size_t factor,
                       const std::set<Pair>& missing, const std::vector<std::size_t>& used)
{
    std::size_t best = 0;
    std::size_t most = 0;
    for (std::size_t level = 0; level < used.size(); ++level) {
        std::size_t met = 0;
        for (std::size_t other = 0; other < row.size(); ++other) {
            if (row[other])
                met += missing.count(pair_of(factor, level, other, *row[other]));
        }
        if (level == 0 || met > most || (met == most && used[level] < used[best])) {
            best = level;
            most = met;
        }
    }
    return best;
}

} // namespace

std::vector<Row> covering_array(const std::vector<std::size_t>& sizes)
{
    auto missing = all_pairs(sizes);
    std::vector<std::vector<std::size_t>> used;
    for (const auto size : sizes)
        used.emplace_back(size, 0);

    std::vector<std::size_t> largest_first(sizes.size());
    for (std::size_t factor = 0; factor < sizes.size(); ++factor)
        largest_first[factor] = factor;
    std::ranges::stable_sort(largest_first, [&](auto left, auto right) { return sizes[left] > sizes[right]; });

    std::vector<Row> rows;
    while (!missing.empty() || rows.empty()) {
        std::vector<std::optional<std::size_t>> row(sizes.size());
        if (!missing.empty()) {
            const Pair seed = *missing.begin();
            row[seed.left] = seed.left_level;
            row[seed.right] = seed.right_level;
        }
        for (const auto factor : largest_first) {
            if (!row[factor])
                row[factor] = best_level(row, factor, missing, used[factor]);
        }
        Row whole;
        for (std::size_t factor = 0; factor < sizes.size(); ++factor) {
            whole.push_back(*row[factor]);
            ++used[factor][whole.back()];
        }
        for (std::size_t left = 0; left < sizes.size(); ++left)
            for (std::size_t right = left + 1; right < sizes.size(); ++right)
                missing.erase({left, whole[left], right, whole[right]});
        rows.push_back(std::move(whole));
    }
    return rows;
}

} // namespace scenarios
