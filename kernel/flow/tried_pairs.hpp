// What the sessions of connectivity say of the pairs of candidates that they have tried, checked and bounded; and what
// that means, in words.
//
// Threads: plain functions, any thread.

#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace jackfield::kernel {

inline constexpr std::size_t kMostTriedPairs = 200; // of one attempt to reach one device

/// The rows of what one session says (tried-pairs.schema.json), behind those that are there, the most telling first.
/// Rows that are none are left out.
void add_tried(nlohmann::json& rows, std::string_view said);

/// "tried 5 pairs of candidates: 4 no answer, 1 refused; 2 candidates had no partner (no common address family)"; empty
/// without rows.
std::string tried_in_words(const nlohmann::json& rows);

/// What to change if none of them led to the peer; empty if they do not say.
std::string advice_of_tried(const nlohmann::json& rows);

} // namespace jackfield::kernel
