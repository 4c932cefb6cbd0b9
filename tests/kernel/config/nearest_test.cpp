// "Did you mean": who is meant, and when nobody is.

#include "kernel/config/nearest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using jackfield::kernel::did_you_mean;
using jackfield::kernel::nearest;

constexpr std::string_view kNames[] = {"identity", "discovery", "connectivity", "codec", "control", "ice-libnice"};

TEST(Nearest, FindsNamesWithAFewMistakes)
{
    EXPECT_EQ(nearest("conectivity", kNames), "connectivity");
    EXPECT_EQ(nearest("Discovery", kNames), "discovery");
    EXPECT_EQ(nearest("codce", kNames), "codec");
    EXPECT_EQ(nearest("codecs", kNames), "codec");
    EXPECT_EQ(nearest("ice_libnice", kNames), "ice-libnice");
    EXPECT_EQ(nearest("ice-libncie", kNames), "ice-libnice");
}

TEST(Nearest, FindsNobodyForSomethingElse)
{
    EXPECT_EQ(nearest("transport", kNames), "");
    EXPECT_EQ(nearest("", kNames), "");
    EXPECT_EQ(nearest("x", kNames), "");
    EXPECT_EQ(nearest(std::string(100'000, 'c'), kNames), "");
    EXPECT_EQ(nearest("codec", {}), "");
}

TEST(Nearest, IsPutAsAQuestion)
{
    EXPECT_EQ(did_you_mean("codc", kNames), "; did you mean \"codec\"?");
    EXPECT_EQ(did_you_mean("transport", kNames), "");
}

} // namespace
