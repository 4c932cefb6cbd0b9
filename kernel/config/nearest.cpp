// Edit distance (optimal string alignment). See nearest.hpp.

#include "kernel/config/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMaxLetters = 64; // a longer name is nobody's typing mistake

char folded(char c)
{
    if (c == '-')
        return '_'; // the two are mixed up often
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before_last;
    std::vector<std::size_t> last(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t> row(b.size() + 1);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replace = folded(a[i - 1]) == folded(b[j - 1]) ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + replace});
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1]))
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = std::move(last);
        last = std::move(row);
    }
    return last[b.size()];
}

} // namespace

std::string_view nearest(std::string_view typed, std::span<const std::string_view> known)
{
    if (typed.size() > kMaxLetters)
        return {};
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(typed.size() / 3, 1) + 1;
    for (const auto name : known) {
        if (name.size() > kMaxLetters)
            continue;
        if (const auto edits = distance(typed, name); edits < best_distance) {
            best_distance = edits;
            best = name;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known)
{
    const auto meant = nearest(typed, known);
    return meant.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", meant);
}

} // namespace jackfield::kernel
