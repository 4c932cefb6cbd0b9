// Any stack calls: two processes that are configured alike, sound and pictures both ways, on every cell of a pairwise
// covering array over all slots. And the table of cells in STACKS.md is of these.

#include "cells.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

namespace {

using namespace scenarios;

TEST(CoveringArray, LetsEveryTwoLevelsOfEveryTwoFactorsMeet)
{
    for (const std::vector<std::size_t>& sizes :
         {std::vector<std::size_t>{1}, {1, 1}, {2, 2}, {5, 3, 2}, {2, 4, 2, 2, 5, 5, 3, 2, 2, 3, 2, 2}}) {
        const auto rows = covering_array(sizes);
        for (std::size_t a = 0; a < sizes.size(); ++a) {
            for (std::size_t b = a + 1; b < sizes.size(); ++b) {
                std::set<std::pair<std::size_t, std::size_t>> met;
                for (const auto& row : rows)
                    met.insert({row.at(a), row.at(b)});
                EXPECT_EQ(met.size(), sizes[a] * sizes[b]) << "factors " << a << " and " << b;
            }
        }
        for (const auto& row : rows) {
            ASSERT_EQ(row.size(), sizes.size());
            for (std::size_t factor = 0; factor < sizes.size(); ++factor)
                EXPECT_LT(row[factor], sizes[factor]);
        }
    }
}

TEST(CoveringArray, LetsAllMeetButThoseThatCannot)
{
    const std::vector<std::size_t> sizes{2, 6, 3, 4, 2};
    // The last level of factor 1 goes with one level of 0 and of 2 only; the last of 3 goes with the last of 1 only.
    const auto one_way = [](const Choice& a, const Choice& b) {
        const bool narrow = a == Choice{1, 5} || a == Choice{3, 3};
        return (narrow && ((b.factor == 0 && b.level != 1) || (b.factor == 2 && b.level != 0))) ||
               (a == Choice{3, 3} && b.factor == 1 && b.level != 5);
    };
    const auto apart = [&](const Choice& a, const Choice& b) { return one_way(a, b) || one_way(b, a); };
    std::set<std::pair<Choice, Choice>> met;
    for (const auto& row : covering_array(sizes, apart)) {
        for (std::size_t a = 0; a < sizes.size(); ++a)
            for (std::size_t b = a + 1; b < sizes.size(); ++b)
                met.insert({{a, row.at(a)}, {b, row.at(b)}});
    }
    for (Choice a{0, 0}; a.factor < sizes.size(); ++a.factor)
        for (a.level = 0; a.level < sizes[a.factor]; ++a.level)
            for (Choice b{a.factor + 1, 0}; b.factor < sizes.size(); ++b.factor)
                for (b.level = 0; b.level < sizes[b.factor]; ++b.level)
                    EXPECT_EQ(met.contains({a, b}), !apart(a, b))
                        << a.factor << "/" << a.level << " and " << b.factor << "/" << b.level;
}

TEST(CoveringArray, SaysWhenNothingIsLeftForARow)
{
    const auto apart = [](const Choice& a, const Choice& b) { return a.factor + b.factor == 2; }; // the first and last
    EXPECT_THROW(covering_array({2, 2, 2}, apart), std::logic_error);
}

TEST(CoveringArray, IsSmallAndAlwaysTheSame)
{
    const std::vector<std::size_t> sizes{2, 4, 2, 2, 5, 5, 3, 2, 2, 3, 2, 2};
    const auto rows = covering_array(sizes);
    EXPECT_LE(rows.size(), 35U) << "25 is the least there can be, 57 600 are all";
    EXPECT_EQ(covering_array(sizes), rows);
}

std::vector<Cell> cells_there()
{
    return cells_of(factors_of_plugins_there());
}

class StackMatrix : public ::testing::TestWithParam<Cell> {};

TEST_P(StackMatrix, Calls)
{
    World world;
    const auto result = call_on(GetParam(), world);
    EXPECT_TRUE(result.worked) << GetParam().name() << ": " << result.problem << "see " << world.folder();
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StackMatrix); // a slot whose plugins are all gone leaves no cell
INSTANTIATE_TEST_SUITE_P(Cell, StackMatrix, ::testing::ValuesIn(cells_there()),
                         [](const auto& test) { return std::to_string(test.index + 1); });

TEST(StackTable, HasTheseCells)
{
    if (!factors_are_whole())
        GTEST_SKIP() << "the table is of all plugins, and some are not here";
    std::ifstream file(JACKFIELD_SOURCE_DIR "/tests/scenarios/stack_matrix/STACKS.md");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (const auto& cell : cells_there())
        EXPECT_NE(text.find("| " + cell.name() + " |"), std::string::npos)
            << cell.name() << "\nis not in STACKS.md; build/release/bench/stack_matrix writes it anew";
}

} // namespace
