// The tests of the laboratory, each in a private world of its own. Listing them needs none.
#include "private_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

int main(int argc, char** argv)
{
#ifdef __SANITIZE_ADDRESS__
    // In a world of its own a process does not see itself in /proc, and the search for leaks cannot begin.
    setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
#endif
    ::testing::InitGoogleTest(&argc, argv);
    if (!::testing::GTEST_FLAG(list_tests))
        laboratory::enter_private_world();
    return RUN_ALL_TESTS();
}
