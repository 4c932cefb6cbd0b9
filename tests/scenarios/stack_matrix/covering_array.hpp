// Pairwise combination: rows in which every two levels of every two factors meet somewhere, but for those that cannot.
//
// Threads: a pure function; the same sizes give the same rows.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace scenarios {

/// One level per factor.
using Row = std::vector<std::size_t>;

/// A level of a factor.
struct Choice {
    std::size_t factor, level;

    auto operator<=>(const Choice&) const = default;
};

/// Whether two levels cannot be in one row. If they cannot because of what a third needs, that must be said here, too.
using Apart = std::function<bool(const Choice&, const Choice&)>;

/// sizes: how many levels each factor has, at least one each. Greedy: not the smallest array, but a small one. Throws
/// std::logic_error if `apart` leaves a row without a level.
std::vector<Row> covering_array(
    const std::vector<std::size_t>& sizes, const Apart& apart = [](const Choice&, const Choice&) { return false; });

} // namespace scenarios
