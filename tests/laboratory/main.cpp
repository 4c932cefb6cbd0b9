// The tests of the laboratory, each in a private world of its own. Listing them needs none.
#include "private_world.hpp"

#include <gtest/gtest.h>

int main(int argc, char** argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    if (!::testing::GTEST_FLAG(list_tests))
        laboratory::enter_private_world();
    return RUN_ALL_TESTS();
}
