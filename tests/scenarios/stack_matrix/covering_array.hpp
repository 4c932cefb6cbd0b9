// Pairwise combination: rows in which every two levels of every two factors meet somewhere.
//
// Threads: a pure function; the same sizes give the same rows.
#pragma once

#include <cstddef>
#include <vector>

namespace scenarios {

/// One level per factor.
using Row = std::vector<std::size_t>;

/// sizes: how many levels each factor has, at least one each. Greedy: not the smallest array, but a small one.
std::vector<Row> covering_array(const std::vector<std::size_t>& sizes);

} // namespace scenarios
